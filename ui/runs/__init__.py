"""The Runs page: the library, the details of one run, and the actions on it."""

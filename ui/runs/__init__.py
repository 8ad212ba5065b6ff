"""The room of the Runs page: what is in the library, one run in full, and what can be done with it."""

"""The Compare page: choosing a comparison, following its runs, and its results."""

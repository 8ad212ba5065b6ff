"""The panels of the pages, and what the pages share."""

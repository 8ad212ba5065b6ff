"""The panels of the Train page, one part of a session each."""

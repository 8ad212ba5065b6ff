"""The error of the run library."""


class RunError(RuntimeError):
    """A run that cannot be found, read or written. The message says what failed, why, and what the user can do."""

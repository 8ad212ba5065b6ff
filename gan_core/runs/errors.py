"""The error that a bad run is."""


class RunError(RuntimeError):
    """A run that cannot be found, read or written; the message says what, why and what now."""

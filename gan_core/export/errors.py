"""What every export may raise."""


class ExportError(RuntimeError):
    """Something that cannot be exported; the message says what, why and what now."""

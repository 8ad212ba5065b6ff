"""Errors of every export."""


class ExportError(RuntimeError):
    """An export failed; the message says what failed, why, and what to do."""


class CannotWriteError(ExportError):
    """The script export does not support a setting; the message names the setting and the supported values."""

"""The names that folders of runs may have."""

from __future__ import annotations

import re

_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# These names are compared in lower case, as Windows and macOS compare names.
_OF_THE_LIBRARY = {"comparisons", "library.json", "pictures", "shipped"}
OF_WINDOWS = {"con", "prn", "aux", "nul", *(f"{device}{i}" for device in ("com", "lpt") for i in range(10))}
ALLOWED = 'letters from A to Z, digits, ".", "_" and "-", at most 100 and first a letter or a digit'


def is_free(name: str) -> bool:
    """Whether a run may have this name. The library uses some names itself, and all hidden ones, such as ".trash"."""
    return name[:1] not in ("", ".") and name.lower() not in _OF_THE_LIBRARY


def is_valid(name: str) -> bool:
    """Whether the library opens a folder of this name as a run."""
    return _FORM.fullmatch(name) is not None and is_free(name)


def is_portable(name: str) -> bool:
    """Whether the name is valid, and a folder may have it on every system."""
    return is_valid(name) and not name.endswith(".") and name.lower().partition(".")[0] not in OF_WINDOWS

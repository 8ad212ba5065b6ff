"""Folders that can be written, also for a user without a home folder and in a read-only installation."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path


def cache_folder() -> Path:
    """gan-playground in the user's cache folder, or a temporary folder if that one cannot be written."""
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    folder = Path(os.path.expanduser(caches), "gan-playground")  # "~" stays for an unknown user without $HOME
    return folder if folder.is_absolute() and is_writable(folder) else _temporary_folder()


def is_writable(folder: Path) -> bool:
    """Whether this user can make files in the folder, or make the folder if it does not exist."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


@cache
def _temporary_folder() -> Path:
    """A temporary folder of this user: the same in every process, unless another user took its name."""
    if not hasattr(os, "getuid"):  # Windows has a folder of temporary files for each user
        return Path(tempfile.gettempdir(), "gan-playground")
    folder = Path(tempfile.gettempdir(), f"gan-playground-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid == os.getuid():
            return folder
    except OSError:  # a file has this name
        pass
    return Path(tempfile.mkdtemp(prefix="gan-playground-"))

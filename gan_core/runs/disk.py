"""Room on the disk: how much a library takes, how much it may, and how much is left."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

RESERVE = 200_000_000  # bytes of a disk that runs leave free, so that what is open can still be closed


def files(folder: str | os.PathLike[str]) -> Iterator[os.stat_result]:
    """What is known of every file in a folder and in those below it; links are not followed."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from files(entry)
                else:
                    yield entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # deleted meanwhile
        return


def size(folder: str | os.PathLike[str]) -> int:
    """Bytes in a folder; 0 where there is none."""
    return sum(file.st_size for file in files(folder))


def keep_reserve(folder: Path, needed: int = 0) -> None:
    """Raises `OSError` (no space) if writing `needed` bytes here would leave less than the reserve."""
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE:
        raise OSError(errno.ENOSPC, f"the disk is nearly full: {free / 1e6:,.0f} MB are left")


def refused(error: OSError, folder: Path | None, stopping: bool) -> str:
    """What to tell of a disk that refuses: a session stands still and keeps all in memory until it is stopped."""
    where = f"cannot write to {folder or 'the disk'} ({error.strerror or error})"
    if stopping:
        return f"The last steps were not saved: {where}. The run goes on from its last checkpoint."
    cure = {errno.ENOSPC: "Make room", errno.EDQUOT: "Make room", errno.ENOENT: "Put the folder back"}
    return f"Paused: {where}. Nothing is lost. {cure.get(error.errno or 0, 'Make it writable')}, then press Resume."

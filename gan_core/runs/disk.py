"""Disk space: the size of folders, a reserve that runs leave free, and the message when the disk refuses."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

RESERVE = 200_000_000  # bytes that runs leave free on a disk, so that open files can still be closed


def files(folder: str | os.PathLike[str]) -> Iterator[os.stat_result]:
    """The status of every file below a folder. Does not follow links."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from files(entry)
                else:
                    yield entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # another process has deleted it
        return


def size(folder: str | os.PathLike[str]) -> int:
    """Bytes of all files below a folder; 0 if there is no such folder."""
    return sum(file.st_size for file in files(folder))


def keep_reserve(folder: Path) -> None:
    """Raise `OSError` (no space) if less than the reserve is free."""
    free = shutil.disk_usage(folder).free
    if free < RESERVE:
        raise OSError(errno.ENOSPC, f"the disk is nearly full: {free / 1e6:,.0f} MB are left")


def refused(error: OSError, folder: Path | None, stopping: bool) -> str:
    """The message when the disk refuses. A session pauses and keeps everything in memory, unless it is `stopping`."""
    reason = f"cannot write to {folder or 'the disk'} ({error.strerror or error})"
    if stopping:
        return f"The last steps were not saved: {reason}. The run resumes from its last checkpoint."
    advice = {errno.ENOSPC: "Make room", errno.EDQUOT: "Make room", errno.ENOENT: "Put the folder back"}
    return f"Paused: {reason}. Nothing is lost. {advice.get(error.errno or 0, 'Make it writable')}, then press Resume."

"""Disk space: the size of folders, a reserve that runs leave free, and the advice when the disk refuses."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gan_core.system import formatting

RESERVE = 200_000_000  # bytes that runs leave free on a disk, for their last checkpoints and for other programs
_ADVICE = {errno.ENOSPC: "Make room", errno.EDQUOT: "Make room", errno.ENOENT: "Put the folder back"}


def files(folder: str | os.PathLike[str]) -> Iterator[os.stat_result]:
    """The status of every file below a folder, without folders that cannot be read. Does not follow links."""
    with suppress(OSError), os.scandir(folder) as entries:  # another process may delete it
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files(entry)
            else:
                yield entry.stat(follow_symlinks=False)


def size(folder: str | os.PathLike[str]) -> int:
    """Bytes of all files below a folder; 0 if there is no such folder."""
    return sum(file.st_size for file in files(folder))


def keep_reserve(folder: Path) -> None:
    """Raise `OSError` (no space) if less than the reserve is free."""
    free = shutil.disk_usage(folder).free
    if free < RESERVE:
        raise OSError(errno.ENOSPC, f"the disk is nearly full: {formatting.size(free)} are left")


def advice(error: OSError) -> str:
    """What the user can do about the error of a disk that refuses, as an imperative."""
    return _ADVICE.get(error.errno or 0, "Make it writable")

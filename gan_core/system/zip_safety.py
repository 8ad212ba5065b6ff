"""Checks of a zip file from elsewhere, made before anything in it is read."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable
from pathlib import PurePosixPath

_HARMLESS = 100_000_000  # bytes that any zip may unpack to
_MAX_RATIO = 100  # of unpacked to packed bytes; weights and pictures reach 1.1, tables 4


def leads_out(entry: zipfile.ZipInfo) -> bool:
    """Whether the entry's path points outside the folder that the zip is unpacked into."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in path.parts[0] if path.parts else True


def is_link(entry: zipfile.ZipInfo) -> bool:
    """Whether the entry is a symbolic link or another special file, not a plain file or folder."""
    mode = stat.S_IFMT(entry.external_attr >> 16)
    return mode not in (0, stat.S_IFREG, stat.S_IFDIR)


def unpacked_bytes(entries: Iterable[zipfile.ZipInfo]) -> int:
    """Size of the entries after unpacking. `ZipFile` never reads more of an entry than its declared size."""
    return sum(entry.file_size for entry in entries)


def is_bomb(entries: Iterable[zipfile.ZipInfo]) -> bool:
    """Whether the entries unpack to over 100 MB and to over 100 times their packed size."""
    entries = list(entries)
    size = unpacked_bytes(entries)
    return size > _HARMLESS and size > _MAX_RATIO * sum(entry.compress_size for entry in entries)

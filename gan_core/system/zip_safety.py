"""What must hold of a zip file from elsewhere before anything in it is read."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable
from pathlib import PurePosixPath

_SUSPICIOUS = 100_000_000  # bytes: below this, no ratio is worth a complaint
_RATIO = 100  # of unpacked to packed; weights and pictures reach 1.1, tables of figures 4


def leads_out(entry: zipfile.ZipInfo) -> bool:
    """Whether the entry's path leaves the folder that the zip is unpacked into."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in path.parts[0] if path.parts else True


def is_link(entry: zipfile.ZipInfo) -> bool:
    """Whether the entry is a symbolic link, or anything else that is neither a file nor a folder."""
    mode = stat.S_IFMT(entry.external_attr >> 16)
    return mode not in (0, stat.S_IFREG, stat.S_IFDIR)


def unpacked(entries: Iterable[zipfile.ZipInfo]) -> int:
    """Bytes that the entries take when unpacked. Reading an entry never yields more than it says here."""
    return sum(entry.file_size for entry in entries)


def is_bomb(entries: Iterable[zipfile.ZipInfo]) -> bool:
    """Whether a little unpacks to suspiciously much."""
    entries = list(entries)
    size = unpacked(entries)
    return size > _SUSPICIOUS and size > _RATIO * sum(entry.compress_size for entry in entries)

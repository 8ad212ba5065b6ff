"""The files in a folder or a zip file: which may be pictures, and why the others are left out."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gan_core.data import DataError, formats, store, zip_names
from gan_core.data.decoding import NO_PERMISSION, READ_ERRORS, UNREADABLE, UnusableImageError, reason_of
from gan_core.system import formatting, zip_safety
from gan_core.system.files import file_version

MAX_UNPACKED_BYTES = 2_000_000_000  # of the pictures in a zip file
HIDDEN = "made by the operating system"

_EMPTY_FOLDER = "an empty folder"
_LOCKED = "protected by a password"
_NO_FILE = "a pipe or a device, not a file"
_OUTSIDE_LINK = "link out of the folder"
_OUTSIDE_PATH = "path leads out of the zip"


@dataclass(frozen=True)
class Source:
    """A folder or a zip file."""

    path: str
    open: Callable[[str], BinaryIO]  # raises one of READ_ERRORS
    start: Callable[[str], bytes]  # the first bytes of a file; raises the same
    size: Callable[[str], int]  # bytes of a file
    names: list[str] = field(default_factory=list)  # of the files that may be pictures, with "/" between folders
    original: dict[str, str] = field(default_factory=dict)  # names of the zip, where they were decoded otherwise
    skipped: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # the others, by reason
    notes: list[str] = field(default_factory=list)

    def original_name(self, name: str) -> str:
        """The name that the file has in the folder or the zip, by which the files are ordered and fingerprinted."""
        return self.original.get(name, name)

    def add(self, name: str) -> None:
        """Add a file to the pictures if its suffix or its first bytes are those of one."""
        if formats.suffix_of(name) in formats.SUFFIXES:
            self.names.append(name)
            return
        try:
            start = self.start(name)
        except READ_ERRORS as error:
            self.skipped[reason_of(error)].append(name)
        else:
            if formats.is_picture(name, start):
                self.names.append(name)
            else:
                self.skipped[formats.reason_to_skip(name, start)].append(name)


@contextmanager
def source_of(chosen: str) -> Iterator[Source]:
    """The folder or zip file at this path, open.

    Raises `DataError` if there is none, it cannot be read, or its pictures unpack to over 2 GB.
    """
    if not chosen:
        raise DataError("No folder is chosen: set data.path to a folder or a zip file of pictures")
    path = store.absolute(chosen)
    if os.path.isdir(path):
        yield _folder(path)
        return
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode)
    except PermissionError:
        raise DataError(f"{path} cannot be read: you have {NO_PERMISSION}") from None
    except (OSError, ValueError):
        is_file = False
    if not is_file:
        raise DataError(f"There is no folder or file {path}: set data.path to a folder or a zip file of pictures")
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises many kinds of errors on damaged files
        raise DataError(f"{path} is not a folder, and cannot be read as a zip file: {error}") from error
    with archive:
        yield _zip(path, archive)


def _folder(root: str) -> Source:
    def open_(name: str) -> BinaryIO:
        return Path(root, name).open("rb")

    def start(name: str) -> bytes:
        with open_(name) as file:
            return file.read(formats.HEADER)

    source = Source(root, open_, start, lambda name: file_version(os.path.join(root, name))[1])
    inside = os.path.join(os.path.realpath(root), "")

    def unreadable(error: OSError) -> None:
        if error.filename == root:
            raise DataError(f"The folder {root} cannot be read: {reason_of(error)}. Allow it, or move the pictures")
        source.skipped[f"a folder: {reason_of(error)}"].append(os.path.relpath(error.filename, root))

    for name in sorted(store.files(root, unreadable, source.skipped[HIDDEN].append)):
        path = os.path.join(root, name)
        if os.path.islink(path) and not (os.path.isfile(path) and os.path.realpath(path).startswith(inside)):
            source.skipped[_OUTSIDE_LINK].append(name)
        elif os.path.isdir(path):
            source.skipped[_EMPTY_FOLDER].append(name)
        elif os.path.isfile(path):
            source.add(name.replace(os.sep, "/"))
        else:
            source.skipped[_NO_FILE].append(name)
    return source


def _zip(path: str, archive: zipfile.ZipFile) -> Source:
    entries: dict[str, zipfile.ZipInfo] = {}

    def read(name: str, size: int = -1) -> bytes:
        if entries[name].flag_bits & 1:
            raise UnusableImageError(_LOCKED)
        try:
            with archive.open(entries[name]) as file:
                return file.read(size)  # at most the declared size, which is checked below
        except Exception as error:  # damaged, or of an unknown compression
            raise UnusableImageError(UNREADABLE) from error

    source = Source(
        path,
        open=lambda name: io.BytesIO(read(name)),
        start=lambda name: read(name, formats.HEADER),
        size=lambda name: entries[name].file_size,
    )
    every = [entry for entry in archive.infolist() if not entry.is_dir()]
    names, note = zip_names.decoded(every)
    source.notes.extend(note)
    for entry, name in sorted(zip(every, names, strict=True), key=lambda pair: pair[0].filename):
        if zip_safety.leads_out(entry):
            source.skipped[_OUTSIDE_PATH].append(name)
        elif any(map(store.is_hidden, PurePosixPath(name).parts)):
            source.skipped[HIDDEN].append(name)
        else:
            entries[name] = entry
            if name != entry.filename:
                source.original[name] = entry.filename
    for name in entries:
        source.add(name)
    size = zip_safety.unpacked_bytes(entries[name] for name in source.names)
    if size > MAX_UNPACKED_BYTES:
        raise DataError(
            f"The pictures in this zip file unpack to {formatting.size(size)}, more than the limit of "
            f"{formatting.size(MAX_UNPACKED_BYTES)}: unpack it and give the folder instead"
        )
    return source

"""The user's pictures in a folder and its subfolders, or in a zip file, which is read without unpacking it."""

from __future__ import annotations

import io
import os
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import torch

from gan_core.config import TrainConfig
from gan_core.data import DataError, Dataset, Progress, images, store
from gan_core.system import zip_safety

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
MAX_UNPACKED_BYTES = 2_000_000_000  # of the pictures in a zip file

_OTHER_FORMAT = "not JPEG, PNG, WebP, GIF or BMP"
_OUTSIDE_LINK = "link out of the folder"
_OUTSIDE_PATH = "path leads out of the zip"


def folder(config: TrainConfig, progress: Progress) -> Dataset:
    """The pictures in the folder or zip file `config.data.path`.

    If every picture is in one of several sibling folders, the folders are the classes. The notes name skipped files.

    Raises `DataError` if there is no such folder or zip file, no usable picture in it, or the zip unpacks to over 2 GB.
    """
    path = store.absolute(config.data.path)
    if not config.data.path:
        raise DataError("No folder is chosen: set data.path to a folder or a zip file of pictures")
    if os.path.isdir(path):
        return _load(config, path, _in_folder(path), progress)
    if not os.path.isfile(path):
        raise DataError(f"There is no folder or file {path}: set data.path to a folder or a zip file of pictures")
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # zipfile raises many kinds of errors on damaged files
        raise DataError(f"{path} is not a folder, and cannot be read as a zip file: {error}") from error
    with archive:
        return _load(config, path, _in_zip(archive), progress)


@dataclass(frozen=True)
class _Source:
    """The pictures in a folder or zip by name, a function that opens one, and the files skipped so far."""

    names: list[str]
    open: Callable[[str], BinaryIO]
    skipped: Mapping[str, list[str]]


def _in_folder(root: str) -> _Source:
    skipped: dict[str, list[str]] = defaultdict(list)
    inside = os.path.join(os.path.realpath(root), "")
    names: list[str] = []
    for name in sorted(store.files(root)):
        path = os.path.join(root, name)
        if os.path.islink(path) and not (os.path.isfile(path) and os.path.realpath(path).startswith(inside)):
            skipped[_OUTSIDE_LINK].append(name)
        elif not name.lower().endswith(SUFFIXES):
            skipped[_OTHER_FORMAT].append(name)
        elif os.path.isfile(path):  # not a pipe or device
            names.append(name)
    return _Source(names, lambda name: Path(root, name).open("rb"), skipped)


def _in_zip(archive: zipfile.ZipFile) -> _Source:
    skipped: dict[str, list[str]] = defaultdict(list)
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        if zip_safety.leads_out(entry):
            skipped[_OUTSIDE_PATH].append(entry.filename)
        elif any(map(store.is_hidden, PurePosixPath(entry.filename).parts)):
            continue
        elif not entry.filename.lower().endswith(SUFFIXES):
            skipped[_OTHER_FORMAT].append(entry.filename)
        else:
            entries[entry.filename] = entry
    size = zip_safety.unpacked_bytes(entries.values())
    if size > MAX_UNPACKED_BYTES:
        raise DataError(
            f"The pictures in this zip file unpack to {size / 1e9:.1f} GB, more than the limit of "
            f"{MAX_UNPACKED_BYTES / 1e9:.0f} GB: unpack it and give the folder instead"
        )

    def open_(name: str) -> BinaryIO:
        try:
            return io.BytesIO(archive.read(entries[name]))  # reads at most the declared size, which is checked above
        except Exception as error:  # encrypted, damaged, or of an unknown compression
            raise images.UnusableImageError(images.UNREADABLE) from error

    return _Source(sorted(entries), open_, skipped)


def _load(config: TrainConfig, path: str, source: _Source, progress: Progress) -> Dataset:
    names = [source.names[i] for i in images.fixed_order(len(source.names))]
    pictures = images.read_all(names, source.open, config.data.count, config.shape, progress)
    notes = tuple(images.skipped_notes({**source.skipped, **pictures.skipped}))
    if not pictures.names:
        raise DataError(f"No picture in {path} can be used. {'. '.join(notes) or 'It is empty'}")
    classes, labels = classes_of(pictures.names)
    return Dataset(
        pictures.examples,
        torch.tensor(labels) if classes else None,
        classes,
        config.dataset.credit,
        notes + images.shortage(len(pictures.names), config.data.count),
    )


def classes_of(names: Iterable[str]) -> tuple[tuple[str, ...], list[int]]:
    """The class names, and the class of each file: the files' folders, if these are two or more siblings."""
    parents = [PurePosixPath(name.replace(os.sep, "/")).parent.parts for name in names]
    depths = Counter(map(len, parents))
    above = {parent[:-1] for parent in parents}
    folders = sorted(set(parents))
    if len(depths) > 1 or len(above) > 1 or len(folders) < 2:
        return (), []
    number = {parent: i for i, parent in enumerate(folders)}
    return tuple(images.printable_name(parent[-1]) for parent in folders), [number[parent] for parent in parents]

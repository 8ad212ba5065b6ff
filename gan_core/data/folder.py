"""The user's own pictures: a folder with all that is in it, or a zip file that is read without unpacking it."""

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
UNPACKED = 2_000_000_000  # bytes that the pictures of a zip file may take when unpacked

OTHER = "not JPEG, PNG, WebP, GIF or BMP"
LINK = "link out of the folder"
PATH = "path leads out of the zip"


def folder(config: TrainConfig, progress: Progress) -> Dataset:
    """The pictures in the folder or zip file `config.data.path`.

    Where every picture lies in one of several sibling folders, these are the classes. Files left out are named in
    the notes.

    Raises:
        DataError: no such folder or zip file, none of its pictures can be used, or the zip unpacks to over 2 GB.
    """
    path = store.full(config.data.path)
    if not config.data.path:
        raise DataError("No folder is chosen: set data.path to a folder or a zip file of pictures")
    if os.path.isdir(path):
        return _load(config, path, _in_folder(path), progress)
    if not os.path.isfile(path):
        raise DataError(f"There is no folder or file {path}: set data.path to a folder or a zip file of pictures")
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # a broken directory makes zipfile raise many things
        raise DataError(f"{path} is not a folder, and cannot be read as a zip file: {error}") from error
    with archive:
        return _load(config, path, _in_zip(archive), progress)


@dataclass(frozen=True)
class _Found:
    """The files of a folder or zip: names of pictures, how to open one, and what is left out already."""

    names: list[str]
    open: Callable[[str], BinaryIO]
    left_out: Mapping[str, list[str]]


def _in_folder(root: str) -> _Found:
    left_out: dict[str, list[str]] = defaultdict(list)
    inside = os.path.join(os.path.realpath(root), "")
    names: list[str] = []
    for name in sorted(store.files(root)):
        path = os.path.join(root, name)
        if os.path.islink(path) and not (os.path.isfile(path) and os.path.realpath(path).startswith(inside)):
            left_out[LINK].append(name)
        elif not name.lower().endswith(SUFFIXES):
            left_out[OTHER].append(name)
        elif os.path.isfile(path):  # and no pipe or device
            names.append(name)
    return _Found(names, lambda name: Path(root, name).open("rb"), left_out)


def _in_zip(archive: zipfile.ZipFile) -> _Found:
    left_out: dict[str, list[str]] = defaultdict(list)
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        if zip_safety.leads_out(entry):
            left_out[PATH].append(entry.filename)
        elif any(map(store.hidden, PurePosixPath(entry.filename).parts)):
            continue
        elif not entry.filename.lower().endswith(SUFFIXES):
            left_out[OTHER].append(entry.filename)
        else:
            entries[entry.filename] = entry
    size = zip_safety.unpacked_bytes(entries.values())
    if size > UNPACKED:
        raise DataError(
            f"The pictures in this zip file unpack to {size / 1e9:.1f} GB, and at most {UNPACKED / 1e9:.0f} GB is "
            f"read: unpack it and give the folder instead"
        )

    def open_(name: str) -> BinaryIO:
        try:
            return io.BytesIO(archive.read(entries[name]))  # never yields more than the size that was summed up above
        except Exception as error:  # encrypted, packed in an unknown way, or broken
            raise images.Unusable(images.UNREADABLE) from error

    return _Found(sorted(entries), open_, left_out)


def _load(config: TrainConfig, path: str, found: _Found, progress: Progress) -> Dataset:
    names = [found.names[i] for i in images.order(len(found.names))]
    pictures = images.read_all(names, found.open, config.data.count, config.shape, progress)
    notes = tuple(images.left_out_notes({**found.left_out, **pictures.left_out}))
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
    """Class names, and the class of each file: the folders that the files lie in, if these are siblings.

    Without such folders, or with only one, there are no classes.
    """
    parents = [PurePosixPath(name.replace(os.sep, "/")).parent.parts for name in names]
    depths = Counter(map(len, parents))
    above = {parent[:-1] for parent in parents}
    folders = sorted(set(parents))
    if len(depths) > 1 or len(above) > 1 or len(folders) < 2:
        return (), []
    number = {parent: i for i, parent in enumerate(folders)}
    return tuple(images.shown(parent[-1]) for parent in folders), [number[parent] for parent in parents]

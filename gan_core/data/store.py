"""Where data lie on this machine: the data folder, arrays kept in it, and how to notice that files have changed."""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]


def folder() -> Path:
    """The folder for downloads and caches: $GAN_PLAYGROUND_DATA, or gan-playground in the user's cache folder."""
    own = os.environ.get("GAN_PLAYGROUND_DATA")
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    return Path(os.path.abspath(os.path.expanduser(own or os.path.join(caches, "gan-playground"))))


def remembered(name: str, build: Callable[[], Arrays]) -> Arrays:
    """The arrays that `build` makes, from a file in the data folder if an earlier call has left them there.

    A file that is damaged is made anew: an .npz carries a checksum of each array. Where the folder cannot be written,
    the arrays are just built.
    """
    path = folder() / f"{name}.npz"
    damaged = (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
    with suppress(OSError, *damaged), path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return dict(stored)
    arrays = build()
    with suppress(OSError):
        _write(path, arrays)
    return arrays


def _write(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def stamp(path: str) -> tuple[object, ...]:
    """Something that changes when the file at `path`, or any file in that folder, is changed, added or removed."""
    place = full(path)
    if not path or not os.path.isdir(place):
        return (place, *_state(place))
    return (place, hash(frozenset((name, *_state(os.path.join(place, name))) for name in files(place))))


def full(path: str) -> str:
    """The absolute form of a path that the user typed; "~" stands for the home folder."""
    return os.path.abspath(os.path.expanduser(path))


def files(root: str) -> Iterator[str]:
    """The paths, relative to `root`, of all that is in it and no folder; hidden files and hidden folders left out.

    A link to a folder is given as a file and not followed.
    """
    for place, folders, names in os.walk(root):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        folders[:] = [name for name in folders if not hidden(name)]
        yield from (os.path.relpath(os.path.join(place, name), root) for name in names + links if not hidden(name))


def hidden(name: str) -> bool:
    """Whether a file or folder is one that systems leave behind: .DS_Store, ._face.png, __MACOSX, Thumbs.db."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _state(path: str) -> tuple[int, int] | tuple[()]:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ()
    return (found.st_mtime_ns, found.st_size)

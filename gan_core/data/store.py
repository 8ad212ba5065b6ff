"""Files of data: the data folder, arrays cached in it, and fingerprints that show changed files."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan_core.system.files import file_version, replace_bytes
from gan_core.system.folders import cache_folder

Arrays = dict[str, NDArray[np.generic]]


def folder() -> Path:
    """The folder for downloads and caches: $GAN_PLAYGROUND_DATA, or the folder of `cache_folder`."""
    chosen = os.environ.get("GAN_PLAYGROUND_DATA")
    return Path(absolute(chosen)) if chosen else cache_folder()


def cached(name: str, build: Callable[[], Arrays]) -> Arrays:
    """The arrays of `build`, which are read from a file in the data folder after the first call.

    A damaged file is built again; an .npz has a checksum of each array. If the folder cannot be written, there is no
    cache.
    """
    path = folder() / f"{name}.npz"
    damaged = (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
    with suppress(OSError, *damaged), path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return dict(stored)
    arrays = build()
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(path, content.getvalue())
    return arrays


def fingerprint(path: str) -> tuple[object, ...]:
    """A value that changes when the file, or a file in the folder, at `path` is changed, added or removed."""
    full = absolute(path)
    if not path or not os.path.isdir(full):
        return (full, *file_version(full))
    return (full, hash(frozenset((name, *file_version(os.path.join(full, name))) for name in files(full))))


def absolute(path: str) -> str:
    """The absolute form of a path that the user typed, with "~" for the home folder."""
    return os.path.abspath(os.path.expanduser(path))


def files(
    root: str,
    on_error: Callable[[OSError], None] | None = None,
    on_hidden: Callable[[str], None] = lambda path: None,
) -> Iterator[str]:
    """The paths of all files and empty folders below `root`, relative to it, except hidden ones.

    Links to folders count as files. `on_error` is called for each folder that cannot be read, and `on_hidden` with the
    path of each hidden file or folder.
    """
    for folder, folders, names in os.walk(root, onerror=on_error):
        below = os.path.relpath(folder, root)
        if not folders and not names and folder != root:
            yield below
        hidden = {name for name in (*names, *folders) if is_hidden(name)}
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*names, *links):
            if name not in hidden:
                yield os.path.normpath(os.path.join(below, name))
        for name in sorted(hidden):
            on_hidden(os.path.normpath(os.path.join(below, name)))
        folders[:] = [name for name in folders if name not in hidden]


def is_hidden(name: str) -> bool:
    """Whether an operating system made the file or folder: .DS_Store, ._face.png, __MACOSX, Thumbs.db."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")

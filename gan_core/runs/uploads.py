"""Pictures that people have uploaded, kept beside the runs: one folder for each upload.

A draft, whose files are still arriving, is a hidden folder and is not listed. `finish` gives it a name.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gan_core.runs import disk
from gan_core.runs.errors import RunError
from gan_core.runs.run_id import OF_WINDOWS
from gan_core.runs.store import TRASH, RunStore, Summaries
from gan_core.system.formatting import printable, size

PICTURES = "pictures"
_DRAFT = re.compile(r"[0-9a-f]{16,64}")
_DRAFT_SECONDS = 86_400  # after which an unfinished draft counts as interrupted
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')  # in a file's name on some system
_PARENTS = 4  # folders of an uploaded file that are kept, the innermost ones
_LONGEST, _LONGEST_SUFFIX = 50, 10  # characters of a name; a file system allows 255 bytes


class UploadError(RuntimeError):
    """An upload that cannot be kept, found or moved. The message says why, and what the user can do."""


@dataclass(frozen=True)
class Upload:
    """The pictures of one upload."""

    name: str
    path: Path  # of the folder, or of the zip file if that was uploaded: the setting data.path
    files: int
    bytes: int
    created: float  # seconds since 1970


Uploads = list[Upload]


class UploadStore:
    """All uploads of one run library."""

    def __init__(self, store: RunStore) -> None:
        self._runs = store
        self.root = store.root / PICTURES

    # ---- a new upload --------------------------------------------------------------------------------------------

    @contextmanager
    def receive(self, draft: str, name: str, total: int) -> Iterator[BinaryIO]:
        """A new file of a draft, to write its content into. It is deleted if the block raises.

        Args:
            draft: 16 to 64 hexadecimal digits.
            name: path of the file from the user, with "/" between folders. The file gets a safe name close to it, and
                a number if there is one of this name.
            total: bytes of all files of the draft.

        Raises `UploadError` if the disk or the library is full or cannot be written.
        """
        folder = self._draft(draft)
        try:
            if not folder.exists():
                self._begin(folder, total)
            disk.keep_reserve(folder)
            with _new_file(folder, name) as file:
                try:
                    yield file
                except BaseException:
                    file.close()
                    os.unlink(file.name)
                    raise
        except OSError as error:
            raise self._refused(error) from None

    def finish(self, draft: str, name: str) -> Upload:
        """Name a draft, and list it. Raises `UploadError` if it has no files, or its folder cannot be moved."""
        folder = self._draft(draft)
        if not any(disk.files(folder)):
            raise UploadError("No file has arrived. Nothing was kept")
        try:
            return _upload(_moved(folder, self.root, safe_name(name)))
        except OSError as error:
            raise self._refused(error) from None

    def discard(self, draft: str) -> None:
        """Delete the files of a draft, if there are any."""
        shutil.rmtree(self._draft(draft), ignore_errors=True)

    def _draft(self, draft: str) -> Path:
        if not _DRAFT.fullmatch(draft):
            raise UploadError("This upload has no proper number; reload the page")
        return self.root / f".{draft}"

    def _begin(self, folder: Path, total: int) -> None:
        self._delete_interrupted()
        try:
            self._runs.refuse_if_full(total)
        except RunError as error:
            raise UploadError(str(error)) from None
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free - disk.RESERVE
        if total > free:
            self.discard(folder.name[1:])
            raise UploadError(
                f"These files take {size(total)}, and the disk has room for {size(max(free, 0))}. "
                "Make room, or upload fewer"
            )

    def _delete_interrupted(self) -> None:
        for path in self.root.glob(".*"):
            with suppress(OSError):  # finished or deleted meanwhile
                if time.time() - path.stat().st_mtime > _DRAFT_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)

    def _refused(self, error: OSError) -> UploadError:
        return UploadError(f"Cannot keep pictures in {self.root}: {error.strerror}. {disk.advice(error)}")

    # ---- the uploads ---------------------------------------------------------------------------------------------

    def list(self) -> Uploads:
        """All uploads, the latest first."""
        return _uploads(self.root)

    def trashed(self) -> Uploads:
        """The uploads in the trash, the latest first."""
        return _uploads(self._trash)

    def runs_of(self, upload: Upload) -> Summaries:
        """The runs of the library that were trained on an upload."""
        path = os.path.abspath(upload.path)
        return [run for run in self._runs.list() if os.path.abspath(run.config.data.path) == path]

    def trash(self, name: str) -> str:
        """Move an upload to the trash of the library; `restore` brings it back until the trash is emptied.

        Returns its name in the trash.

        Raises `UploadError` if there is no such upload, a run trains on it, or its folder cannot be moved.
        """
        upload = next((upload for upload in self.list() if upload.name == name), None)
        if upload is None:
            raise UploadError(f'There are no uploaded pictures "{printable(name)}"; they may have been deleted')
        for run in self.runs_of(upload):
            if self._runs.open(run.id).in_use:
                raise UploadError(f"A run trains on {printable(name)}: {run.name}. Stop it first, then delete them")
        try:
            return _moved(self.root / name, self._trash, name).name
        except OSError as error:
            raise UploadError(f"Cannot delete {printable(name)}: {error.strerror}") from None

    def restore(self, name: str) -> Upload:
        """Move an upload out of the trash, by its name there. Raises `UploadError` if it is not there any more."""
        if name not in (os.listdir(self._trash) if self._trash.is_dir() else ()):
            raise UploadError(f'There are no pictures "{printable(name)}" in the trash; it may have been emptied')
        try:
            return _upload(_moved(self._trash / name, self.root, name))
        except OSError as error:
            raise UploadError(f"Cannot bring {printable(name)} back: {error.strerror}") from None

    @property
    def _trash(self) -> Path:
        return self._runs.root / TRASH / PICTURES


def _uploads(place: Path) -> Uploads:
    uploads = []
    for path in place.glob("[!.]*"):
        with suppress(OSError):  # deleted meanwhile
            uploads.append(_upload(path))
    return sorted(uploads, key=lambda upload: upload.created, reverse=True)


def _upload(folder: Path) -> Upload:
    files = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    path, count = folder, len(files)
    if count == 1 and zipfile.is_zipfile(files[0]):
        path = files[0]
        with suppress(Exception), zipfile.ZipFile(path) as archive:  # a damaged zip raises many kinds of errors
            count = sum(not entry.is_dir() for entry in archive.infolist())
    return Upload(folder.name, path, count, disk.size(folder), folder.stat().st_mtime)


def safe_name(name: str) -> str:
    """A name that a file or folder may have on every system, close to the given one, and not hidden."""
    name = _UNSAFE.sub("_", "".join(c if c.isprintable() else "_" for c in name)).strip(" .")
    stem, suffix = os.path.splitext(name)
    if len(suffix) > _LONGEST_SUFFIX:
        stem, suffix = name, ""
    stem = stem[:_LONGEST].rstrip(" .") or "_"
    return f"_{stem}{suffix}" if stem.lower().partition(".")[0] in OF_WINDOWS else stem + suffix


def _new_file(folder: Path, name: str) -> BinaryIO:
    *parents, last = map(safe_name, name.strip("/").split("/")[-_PARENTS - 1 :])
    place = folder.joinpath(*parents)
    place.mkdir(parents=True, exist_ok=True)
    for candidate in _numbered(last):
        with suppress(FileExistsError):
            return (place / candidate).open("xb")
    raise AssertionError("there is a free number")


def _moved(source: Path, folder: Path, name: str) -> Path:
    """Move a folder into another one under this name, with a number if it is taken. Returns its new path."""
    folder.mkdir(parents=True, exist_ok=True)
    for target in map(folder.joinpath, _numbered(name)):
        if not os.path.lexists(target):
            os.replace(source, target)
            return target
    raise AssertionError("there is a free number")


def _numbered(name: str) -> Iterator[str]:
    """The name, and then the name with 2, 3 and so on before its suffix."""
    stem, suffix = os.path.splitext(name)
    yield name
    yield from (f"{stem}-{number}{suffix}" for number in itertools.count(2))

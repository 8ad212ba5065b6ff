"""What a run that trains elsewhere sends home: the files that are new since the last parcel, as the bytes of a zip."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from gan_core.runs import checkpoint


@dataclass(frozen=True)
class RunSync:
    """Files of one run's folder."""

    run_id: str
    files: bytes  # a zip
    checkpoints: tuple[str, ...]  # folders of all that the run keeps now; others are gone


@dataclass
class Packer:
    """Packs one run's folder again and again, each file as often as it changes."""

    folder: Path
    _sent: dict[str, tuple[int, int]] = field(default_factory=dict)

    def pack(self) -> RunSync | None:
        """What is new; None where nothing is. A checkpoint is sent whole or not at all."""
        new = {}
        for file in sorted(self.folder.rglob("*")):
            name = file.relative_to(self.folder).as_posix()
            if not file.is_file() or name.startswith(".unfinished") or name.endswith(".tmp"):
                continue
            state = file.stat()
            stamp = (state.st_mtime_ns, state.st_size)
            if self._sent.get(name) != stamp:
                new[name] = stamp
        if not new:
            return None
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # weights and pictures do not shrink
            for name in new:
                archive.write(self.folder / name, name)
        self._sent |= new
        return RunSync(self.folder.name, buffer.getvalue(), _checkpoints(self.folder))


def unpack(parcel: RunSync, library: Path) -> None:
    """Put the files where the run has its place in a library. A kill at any moment leaves no torn checkpoint.

    Raises:
        ValueError: a file's name leads out of the run's folder.
    """
    folder = library / parcel.run_id
    fresh = folder / ".unfinished-parcel"
    shutil.rmtree(fresh, ignore_errors=True)
    with zipfile.ZipFile(io.BytesIO(parcel.files)) as archive:
        for name in archive.namelist():
            if not (fresh / name).resolve().is_relative_to(fresh.resolve()):
                raise ValueError(f"the parcel of {parcel.run_id} holds a file outside of its folder: {name}")
        archive.extractall(fresh)
    for arrived in sorted(fresh.iterdir()):
        if checkpoint.step_of(arrived) is not None:
            shutil.rmtree(folder / arrived.name, ignore_errors=True)
            os.replace(arrived, folder / arrived.name)
    for file in [path for path in fresh.rglob("*") if path.is_file()]:
        place = folder / file.relative_to(fresh)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, place)
    shutil.rmtree(fresh, ignore_errors=True)
    for old in set(_checkpoints(folder)) - set(parcel.checkpoints):
        shutil.rmtree(folder / old, ignore_errors=True)


def _checkpoints(folder: Path) -> tuple[str, ...]:
    return tuple(
        sorted(path.name for path in folder.iterdir() if path.is_dir() and checkpoint.step_of(path) is not None)
    )

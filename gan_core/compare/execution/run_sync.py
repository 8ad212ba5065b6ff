"""Copies a run from the machine that trains it: the files that changed since the last copy."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from gan_core.runs import checkpoint
from gan_core.system.files import file_version


@dataclass(frozen=True)
class RunSync:
    """Changed files of one run's folder."""

    run_id: str
    files: dict[str, bytes]  # by path within the folder
    checkpoints: tuple[str, ...]  # names of all checkpoint folders that the run has now; the others were deleted


@dataclass
class Packer:
    """Packs the changes of one run's folder."""

    folder: Path
    _packed: dict[str, tuple[int, int]] = field(default_factory=dict)  # by file name: its version

    def pack(self) -> RunSync | None:
        """The files that changed since the last call, None if none did. A checkpoint is packed whole."""
        changed = {}
        for file in sorted(self.folder.rglob("*")):
            name = file.relative_to(self.folder).as_posix()
            if not file.is_file() or name.startswith(".unfinished") or name.endswith(".tmp"):
                continue
            version = file_version(file)
            if self._packed.get(name) != version:
                changed[name] = version
        if not changed:
            return None
        files = {name: (self.folder / name).read_bytes() for name in changed}
        self._packed |= changed
        return RunSync(self.folder.name, files, _checkpoints(self.folder))


def unpack(sync: RunSync, library: Path) -> None:
    """Write the files to the run's folder in a library. A kill at any moment leaves only whole checkpoints.

    Raises:
        ValueError: a file's path leads out of the run's folder.
    """
    folder = library / sync.run_id
    unpacked = folder / ".unfinished-sync"
    shutil.rmtree(unpacked, ignore_errors=True)
    for name, content in sync.files.items():
        file = unpacked / name
        if not file.resolve().is_relative_to(unpacked.resolve()):
            raise ValueError(f"the files of {sync.run_id} include one outside of its folder: {name}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for path in sorted(unpacked.iterdir()):
        if checkpoint.step_of(path) is not None:
            shutil.rmtree(folder / path.name, ignore_errors=True)
            os.replace(path, folder / path.name)
    for file in [path for path in unpacked.rglob("*") if path.is_file()]:
        target = folder / file.relative_to(unpacked)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, target)
    shutil.rmtree(unpacked, ignore_errors=True)
    for deleted in set(_checkpoints(folder)) - set(sync.checkpoints):
        shutil.rmtree(folder / deleted, ignore_errors=True)


def _checkpoints(folder: Path) -> tuple[str, ...]:
    return tuple(
        sorted(path.name for path in folder.iterdir() if path.is_dir() and checkpoint.step_of(path) is not None)
    )

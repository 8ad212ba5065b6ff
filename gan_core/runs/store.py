"""The folder that holds all runs, and in it the trash."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gan_core.config import TrainConfig
from gan_core.data import with_absolute_path
from gan_core.presets.follow_ups import apply_changes
from gan_core.runs import checkpoint, disk, records, summary
from gan_core.runs import run_id as run_ids
from gan_core.runs.errors import RunError
from gan_core.runs.extension import jump
from gan_core.runs.metadata import Metadata
from gan_core.runs.rewind import copy_until
from gan_core.runs.run import Run
from gan_core.runs.summary import RunSummary
from gan_core.system.files import read_json, replace_text
from gan_core.system.formatting import printable, size

DEFAULT_LIMIT, MAX_LIMIT = 20_000_000_000, 10**15  # bytes
TRASH = ".trash"
_RECORDS = {"config.json", "events.jsonl", "metrics.csv"}  # a folder with one of them is taken for a run

Summaries = list[RunSummary]


class RunStore:
    """All runs under one folder, by default `checkpoints`."""

    def __init__(self, root: str | Path = "checkpoints") -> None:
        self.root = Path(root)
        self._summaries: dict[Path, tuple[summary.Stamp, RunSummary]] = {}

    # ---- runs ----------------------------------------------------------------------------------------------------

    def create(self, config: TrainConfig, name: str | None = None) -> Run:
        """Create a run's folder, named by date, preset and a short random id.

        Raises `RunError` if the folder cannot be written, or the library is full.
        """
        run = Run(self.root / f"{time.strftime('%Y-%m-%d')}-{config.preset}-{secrets.token_hex(3)}")
        try:
            self.refuse_if_full()
            run.path.mkdir(parents=True)
            disk.keep_reserve(run.path)
            run.write_config(with_absolute_path(config))
            run.log("created", 0)
            if name:
                run.write_metadata(Metadata.of(name))
        except OSError as error:
            shutil.rmtree(run.path, ignore_errors=True)
            advice = disk.advice(error)
            raise RunError(
                f"Cannot keep runs in {self.root}: {error.strerror}. {advice}, or choose another folder."
            ) from None
        return run

    def open(self, run_id: str) -> Run:
        """The run with this id. Raises `RunError` if there is none, or its folder's name is not allowed."""
        if not isinstance(run_id, str) or not _is_run(self.root, run_id):
            raise self._missing(str(run_id))
        _refuse_name(run_id)
        if not os.path.isfile(self.root / run_id / "config.json"):
            raise RunError(f"The run {run_id} has no config.json that can be read")
        return Run(self.root / run_id)

    def _missing(self, run_id: str, place: str = "", reason: str = "renamed or deleted") -> RunError:
        name = printable(run_id)
        return RunError(f'There is no run "{name}" in {place or self.root}; it may have been {reason}')

    def fork(
        self,
        run_id: str,
        step: int | None = None,
        values: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Run:
        """A new run that continues from a checkpoint, by default the last complete one, with `values` changed.

        Other settings may change along with them (see `presets.follow_ups`). The child starts with the parent's
        records, pictures and setting changes up to that step.

        Raises:
            ConfigError: a value is not valid, or the checkpoint cannot continue under it.
            RunError: there is no such run, no such checkpoint, or no room for a copy.
        """
        parent = self.open(run_id)
        before = parent.config
        parent.refuse_other_settings()
        config, _ = apply_changes(before, values or {})
        checkpoint.check_compatible(config, before)
        step = parent.last_complete(step)
        child = self.create(config, name)
        try:
            copy_until(parent, child, step)
            texts = before.describe_changes(config.changes_from(before)), jump(parent, step, config)
            changes = ", ".join(filter(None, texts))
            child.log("forked", step, parent=run_id, text=f"fork: {changes}" if changes else "fork")
        except OSError as error:
            shutil.rmtree(child.path, ignore_errors=True)
            raise RunError(f"Cannot copy step {step} of the run {run_id}: {error.strerror or error}") from None
        return child

    def list(self) -> Summaries:
        """All readable runs, the latest first. Reads only runs that have changed since the last call."""
        return self.scan()[0]

    def summary(self, run_id: str) -> RunSummary:
        """The summary of one run. Raises `RunError` if there is no such run, or its config cannot be read."""
        return self._summary(self.open(run_id))

    def scan(self, folder: str = ".") -> tuple[Summaries, dict[str, str]]:
        """The runs in a folder of the library as `list` gives them, and why each damaged run cannot be read, by id."""
        place, summaries, damaged = self.root / folder, [], {}
        try:
            names = os.listdir(place)
        except FileNotFoundError:  # there is no run yet
            names = []
        except OSError as error:
            names, damaged[place.name] = [], f"The folder {place} cannot be read: {error.strerror}"
        for name in filter(partial(_is_run, place), names):
            run = Run(place / name)
            try:
                _refuse_name(name)
                summaries.append(self._summary(run))
            except RunError as error:
                if os.path.lexists(run.path):  # else it was deleted meanwhile
                    damaged[name] = str(error)
            except Exception as error:  # one run must never hide the others
                damaged[name] = f"The run {name} has an unexpected error ({type(error).__name__}: {error})"
        return sorted(summaries, key=lambda summary: summary.modified, reverse=True), damaged

    def _summary(self, run: Run) -> RunSummary:
        stamp = summary.stamp(run)
        known = self._summaries.get(run.path)
        if known is None or known[0] != stamp:
            try:
                known = self._summaries[run.path] = (stamp, summary.summarize(run))
            except OSError as error:
                raise records.unreadable(run.path, error) from None
        return known[1]

    # ---- the trash -----------------------------------------------------------------------------------------------

    def trash(self, run_id: str) -> None:
        """Move a run, damaged or not, to the trash; `restore` brings it back until the trash is emptied.

        Raises `RunError` if there is no such run, it is being trained, or its folder cannot be moved.
        """
        if not _is_run(self.root, run_id):
            raise self._missing(run_id)
        run, name = Run(self.root / run_id), printable(run_id)
        if run.in_use:
            raise RunError(f"The run {name} is being trained; stop it first, then delete it.")
        try:
            (self.root / TRASH).mkdir(exist_ok=True)
            os.replace(run.path, self.root / TRASH / run_id)
        except OSError as error:
            raise RunError(f"Cannot move the run {name} to the trash: {_reason(error)}") from None

    def trashed(self) -> Summaries:
        """The runs in the trash, the latest first."""
        return self.scan(TRASH)[0]

    def restore(self, run_id: str) -> None:
        """Move a run out of the trash. Raises `RunError` if it is not in the trash, or another run has its id."""
        if not _is_run(self.root / TRASH, run_id):
            raise self._missing(run_id, "the trash", "emptied")
        name = printable(run_id)
        if os.path.lexists(self.root / run_id):
            raise RunError(f"There is another run {name} in {self.root}; move that one away first")
        try:
            os.replace(self.root / TRASH / run_id, self.root / run_id)
        except OSError as error:
            raise RunError(f"Cannot bring the run {name} back: {_reason(error)}") from None

    def empty_trash(self) -> None:
        """Delete everything in the trash for good. Raises `RunError` if the disk refuses."""
        try:
            if (self.root / TRASH).exists():
                shutil.rmtree(self.root / TRASH)
        except OSError as error:
            raise RunError(f"Cannot empty the trash in {self.root}: {_reason(error)}") from None

    # ---- disk space ----------------------------------------------------------------------------------------------

    @property
    def bytes(self) -> int:
        """Size of the library on the disk, with its trash."""
        return disk.size(self.root)

    @property
    def trash_bytes(self) -> int:
        return disk.size(self.root / TRASH)

    @property
    def limit(self) -> int:
        """Bytes at which the library refuses new runs. Runs are never deleted automatically."""
        settings = read_json(self.root / "library.json")
        limit = settings.get("limit") if isinstance(settings, dict) else None
        return limit if type(limit) is int and 0 < limit <= MAX_LIMIT else DEFAULT_LIMIT

    @limit.setter
    def limit(self, value: int) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        replace_text(self.root / "library.json", json.dumps({"limit": value}) + "\n")

    def refuse_if_full(self, more: int = 0) -> None:
        """Raise `RunError` if the library and `more` bytes would take more than the limit."""
        used, limit = self.bytes, self.limit
        if used + more > limit:
            trash = self.trash_bytes
            advice = f"empty the trash ({size(trash)}), " if trash else ""
            raise RunError(
                f"The runs in {self.root} take {size(used)}, and their limit is {size(limit)}: "
                f"{advice}delete runs or uploaded pictures, or raise the limit on the Runs page."
            )


def _is_run(folder: Path, name: str) -> bool:
    """Whether `folder / name` is a folder that holds a record of a run, or that cannot be read. Any text is a name."""
    path = folder / name
    if not run_ids.is_free(name) or path.name != name or not os.path.lexists(path):
        return False
    try:
        return not _RECORDS.isdisjoint(os.listdir(path))
    except NotADirectoryError:
        return False
    except OSError:  # no permission, or a link that leads nowhere
        return True


def _refuse_name(name: str) -> None:
    if not run_ids.is_valid(name):
        raise RunError(
            f'The folder "{printable(name)}" cannot be opened as a run: a run\'s name has {run_ids.ALLOWED}. '
            "Rename the folder."
        )


def _reason(error: OSError) -> str:
    return "the disk or the folder is read-only" if error.errno in (errno.EROFS, errno.EACCES) else str(error.strerror)

"""The folder that holds all runs, and in it the trash."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_core.config import TrainConfig
from gan_core.presets.follow_ups import apply_changes
from gan_core.runs import checkpoint, disk, summary
from gan_core.runs.errors import RunError
from gan_core.runs.metadata import Metadata
from gan_core.runs.rewind import copy_until
from gan_core.runs.run import Run
from gan_core.runs.summary import RunSummary
from gan_core.system.files import read_json, replace_text

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DEFAULT_LIMIT = 20_000_000_000  # bytes
_TRASH = ".trash"

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
            run.write_config(config)
            run.log("created", 0)
            if name:
                run.write_metadata(Metadata.of(name))
        except OSError as error:
            shutil.rmtree(run.path, ignore_errors=True)
            raise RunError(
                f"Cannot keep runs in {self.root}: {error.strerror}. Make room there, or choose another folder."
            ) from None
        return run

    def open(self, run_id: str) -> Run:
        """The run with this id. Raises `RunError` if there is none."""
        run = Run(self.root / run_id)
        if not RUN_ID.fullmatch(run_id) or not (run.path / "config.json").is_file():
            raise RunError(f'There is no run "{run_id[:100]}" in {self.root}; it may have been renamed or deleted')
        return run

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
        config, _ = apply_changes(before, values or {})
        checkpoint.check_compatible(config, before)
        step = parent.last_complete(step)
        child = self.create(config, name)
        try:
            copy_until(parent, child, step)
            changes = before.describe_changes(config.changes_from(before))
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
        summaries, damaged = [], {}
        for run in (Run(config.parent) for config in (self.root / folder).glob("*/config.json")):
            if RUN_ID.fullmatch(run.id):
                try:
                    summaries.append(self._summary(run))
                except RunError as error:  # it may be a folder of another program
                    damaged[run.id] = str(error)
                except OSError:  # it is being deleted
                    continue
        return sorted(summaries, key=lambda summary: summary.modified, reverse=True), damaged

    def _summary(self, run: Run) -> RunSummary:
        stamp = summary.stamp(run)
        known = self._summaries.get(run.path)
        if known is None or known[0] != stamp:
            known = self._summaries[run.path] = (stamp, summary.summarize(run))
        return known[1]

    # ---- the trash -----------------------------------------------------------------------------------------------

    def trash(self, run_id: str) -> None:
        """Move a run to the trash; `restore` brings it back until the trash is emptied.

        Raises `RunError` if there is no such run, it is being trained, or its folder cannot be moved.
        """
        run = self.open(run_id)
        if run.in_use:
            raise RunError(f"The run {run_id} is being trained; stop it first, then delete it.")
        try:
            (self.root / _TRASH).mkdir(exist_ok=True)
            os.replace(run.path, self.root / _TRASH / run_id)
        except OSError as error:
            raise RunError(f"Cannot move the run {run_id} to the trash: {error.strerror}") from None

    def trashed(self) -> Summaries:
        """The runs in the trash, the latest first."""
        return self.scan(_TRASH)[0]

    def restore(self, run_id: str) -> None:
        """Move a run out of the trash. Raises `RunError` if it is not in the trash, or another run has its id."""
        if not RUN_ID.fullmatch(run_id) or not (self.root / _TRASH / run_id).is_dir():
            raise RunError(f'There is no run "{run_id[:100]}" in the trash; it may have been emptied')
        if (self.root / run_id).exists():
            raise RunError(f"There is another run {run_id} in {self.root}; move that one away first")
        try:
            os.replace(self.root / _TRASH / run_id, self.root / run_id)
        except OSError as error:
            raise RunError(f"Cannot bring the run {run_id} back: {error.strerror}") from None

    def empty_trash(self) -> None:
        """Delete everything in the trash for good. Raises `RunError` if the disk refuses."""
        try:
            if (self.root / _TRASH).exists():
                shutil.rmtree(self.root / _TRASH)
        except OSError as error:
            raise RunError(f"Cannot empty the trash in {self.root}: {error.strerror}") from None

    # ---- disk space ----------------------------------------------------------------------------------------------

    @property
    def bytes(self) -> int:
        """Size of the library on the disk, with its trash."""
        return disk.size(self.root)

    @property
    def trash_bytes(self) -> int:
        return disk.size(self.root / _TRASH)

    @property
    def limit(self) -> int:
        """Bytes at which the library refuses new runs. Runs are never deleted automatically."""
        settings = read_json(self.root / "library.json")
        limit = settings.get("limit") if isinstance(settings, dict) else None
        return limit if type(limit) is int and limit > 0 else DEFAULT_LIMIT

    @limit.setter
    def limit(self, value: int) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        replace_text(self.root / "library.json", json.dumps({"limit": value}) + "\n")

    def refuse_if_full(self, more: int = 0) -> None:
        """Raise `RunError` if the library and `more` bytes would take more than the limit."""
        used, limit = self.bytes, self.limit
        if used + more > limit:
            trash = self.trash_bytes
            advice = f"empty the trash ({trash / 1e9:.2g} GB), " if trash else ""
            raise RunError(
                f"The runs in {self.root} take {used / 1e9:.3g} GB, and their limit is {limit / 1e9:.3g} GB: "
                f"{advice}delete runs, or raise the limit on the Runs page."
            )

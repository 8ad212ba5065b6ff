"""The folder that holds all runs."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_core import checkpoint
from gan_core.config import TrainConfig
from gan_core.runs.files import RunError
from gan_core.runs.run import Run, RunSummary
from gan_core.schema import as_text

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunStore:
    """All runs under one folder, by default `checkpoints`."""

    def __init__(self, root: str | Path = "checkpoints") -> None:
        self.root = Path(root)

    def create(self, config: TrainConfig, name: str | None = None) -> Run:
        """A new run's folder, named by date, preset and a short random id.

        Raises:
            RunError: the folder cannot be written.
        """
        run = Run(self.root / f"{time.strftime('%Y-%m-%d')}-{config.preset}-{secrets.token_hex(3)}")
        try:
            run.path.mkdir(parents=True)
            run.write_config(config)
            run.log("created", 0, name=name or "")
        except OSError as error:
            raise RunError(f"Cannot keep runs in {self.root}: {error.strerror}. Choose another folder.") from None
        return run

    def open(self, run_id: str) -> Run:
        """The run with this id, or in this folder of the library. Raises `RunError` if there is none."""
        run = Run(self.root / run_id)
        if not _RUN_ID.fullmatch(run_id) or not (run.path / "config.json").is_file():
            raise RunError(f'There is no run "{run_id[:100]}" in {self.root}; it may have been renamed or deleted')
        return run

    def fork(self, run_id: str, step: int | None = None, values: Mapping[str, Any] | None = None) -> Run:
        """A new run that goes on from a checkpoint of another, the last whole one by default, with `values` changed.

        It begins with the other's figures, pictures and marks up to that step; the other run stays as it is.

        Raises:
            ConfigError: a bad value, or one under which the checkpoint cannot go on.
            RunError: there is no such run, no such checkpoint, or no room for a copy.
        """
        parent = self.open(run_id)
        before = parent.config
        config = before.with_values(values or {})
        checkpoint.refuse_what_does_not_fit(config, before)
        step = parent.last_whole(step)
        child = self.create(config)
        try:
            parent.copy_into(child, step)
            child.rewind(step)
            changes = config.changes_from(before)
            told = ", ".join(f"{key} {as_text(before.value(key))} → {as_text(new)}" for key, new in changes.items())
            child.log("forked", step, parent=run_id, text=f"fork: {told}" if told else "fork")
        except OSError as error:
            shutil.rmtree(child.path, ignore_errors=True)
            raise RunError(f"Cannot copy step {step} of the run {run_id}: {error.strerror or error}") from None
        return child

    def list(self) -> list[RunSummary]:
        """All readable runs, the latest first."""
        found = []
        for config in self.root.glob("*/config.json"):
            try:
                found.append(Run(config.parent).summary())
            except (RunError, OSError):  # another program's folder, or one that is being deleted
                continue
        return sorted(found, key=lambda summary: summary.modified, reverse=True)

"""One run's folder: its config, records, pictures and checkpoints, and how each is read and written."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from gan_core.config import ConfigError, TrainConfig
from gan_core.data import Dataset
from gan_core.diagnosis import SampleStats
from gan_core.latent import Model, Weights
from gan_core.metrics import evaluations
from gan_core.metrics.evaluations import Best, Evaluation
from gan_core.runs import checkpoint, direction_names, disk, frames, records
from gan_core.runs.errors import RunError
from gan_core.runs.metadata import Metadata
from gan_core.runs.origin import Origin
from gan_core.system.devices import find_device
from gan_core.system.files import append_line, replace_text
from gan_core.training.history import append_csv
from gan_core.training.plane_view import Plane
from gan_core.training.trainer import Trainer

_LOCK = ".in-use"


class Run:
    """A run on disk. Methods that write raise `OSError` if the disk refuses, and those that read `RunError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self._saving = threading.Lock()  # the training thread and the evaluator both save checkpoints

    @property
    def name(self) -> str:
        """The name that the user gave it, or its id."""
        return self.metadata().name or self.id

    @property
    def config(self) -> TrainConfig:
        """The config at the last write. Raises `RunError` if it cannot be read."""
        try:
            return TrainConfig.from_json(records.read(self.path, "config.json"))
        except ConfigError as error:
            raise RunError(f"The run {self.id} has no readable config.json: {error}") from None

    def write_config(self, config: TrainConfig) -> None:
        replace_text(self.path / "config.json", config.to_json())

    def metadata(self) -> Metadata:
        return records.metadata(self.path)

    def write_metadata(self, metadata: Metadata) -> None:
        metadata.write(self.path / "about.json")

    # ---- the lock ------------------------------------------------------------------------------------------------

    def lock(self) -> FileLock:
        """Lock the run for writing, until the lock's `release` or the end of the process.

        Raises:
            RunError: this or another process trains the run.
            OSError: the folder cannot be written.
        """
        lock = FileLock(self.path / _LOCK)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise RunError(f"The run {self.id} is being trained already; stop it there first.") from None
        return lock

    @property
    def in_use(self) -> bool:
        """Whether this or another process holds the lock."""
        if not os.path.exists(self.path / _LOCK):
            return False
        try:
            self.lock().release()
        except RunError:
            return True
        except OSError:  # a folder that cannot be written is not in training
            return False
        return False

    # ---- records -------------------------------------------------------------------------------------------------

    def append_metrics(self, rows: Sequence[Sequence[float]]) -> None:
        """Add rows with the columns `history.COLUMNS` to metrics.csv."""
        append_csv(self.path / "metrics.csv", rows)

    def metrics(self) -> NDArray[np.float64]:
        """The rows of metrics.csv: (n, columns), with the columns `history.COLUMNS`."""
        return records.metrics(self.path)

    def write_evaluations(self, rows: Sequence[Evaluation]) -> None:
        """Replace evals.csv by these rows."""
        replace_text(self.path / "evals.csv", evaluations.as_csv(rows))

    def evaluations(self) -> list[Evaluation]:
        """All evaluations of the run, oldest first."""
        return records.evaluations(self.path)

    def append_sample_stats(self, sample_stats: SampleStats) -> None:
        append_line(self.path / "glances.jsonl", asdict(sample_stats))

    def sample_stats(self) -> list[SampleStats]:
        """All sample statistics, oldest first, without damaged lines."""
        return records.sample_stats(self.path)

    def log(self, kind: str, step: int, **details: Any) -> None:
        """Record an event of a kind such as "started", "changed", "saved", "named", "repaired" or "failed"."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        append_line(self.path / "events.jsonl", {"time": now, "kind": kind, "step": step} | details)

    def events(self) -> list[dict[str, Any]]:
        """All events, oldest first, without damaged lines."""
        return records.events(self.path)

    # ---- pictures ------------------------------------------------------------------------------------------------

    @property
    def frames_folder(self) -> Path:
        return self.path / "samples"

    def write_frame(self, step: int, samples: np.ndarray, plane: Plane | None = None) -> None:
        """Save the samples of this step, uint8 (n, H, W, C), or for points the plane."""
        disk.keep_reserve(self.path)
        frames.write(self.frames_folder, step, samples, plane)

    def frames(self) -> list[int]:
        """The steps that have a picture, in order."""
        try:
            return frames.steps(self.frames_folder)
        except OSError as error:
            raise records.unreadable(self.path, error) from None

    def frame(self, step: int) -> np.ndarray | Plane:
        """The samples or the plane of this step. Raises `RunError` if there is no readable picture."""
        try:
            return frames.read(self.frames_folder, step, self.config)
        except frames.READ_ERRORS as error:
            raise RunError(f"The run {self.id} has no readable picture of step {step}: {error}") from None

    # ---- saving checkpoints --------------------------------------------------------------------------------------

    def checkpoint_folder(self, step: int) -> Path:
        return self.path / f"step-{step:07d}"

    def checkpoints(self) -> list[int]:
        """The steps that have a checkpoint, in order."""
        try:
            names = os.listdir(self.path)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise records.unreadable(self.path, error) from None
        steps = (checkpoint.step_of(self.path / name) for name in names if os.path.isdir(self.path / name))
        return sorted(step for step in steps if step is not None)

    def save(self, trainer: Trainer, keep: int, use_reserve: bool = False) -> None:
        """Save a checkpoint, then delete all except the last `keep` and the best.

        Args:
            use_reserve: for the last checkpoint of a session, which may need the space that others leave free.
        """
        with self._saving:
            if not use_reserve:
                disk.keep_reserve(self.path)
            checkpoint.save(trainer, self.checkpoint_folder(trainer.steps))
            self._prune(keep)

    def keep_best(self, state: Mapping[str, Any], best: Best, keep: int) -> None:
        """Save a `Trainer.state_dict` of step `best.step` as the best checkpoint, in place of the previous one.

        After a kill at any moment, the old or the new best checkpoint is complete and named in best.json.
        """
        with self._saving:
            disk.keep_reserve(self.path)
            if not self.checkpoint_folder(best.step).exists():
                checkpoint.write(state, self.checkpoint_folder(best.step))
            replace_text(self.path / "best.json", best.as_json())
            self._prune(keep)

    def best(self) -> Best | None:
        """The best checkpoint by the run's quality metric; None before the first evaluation."""
        best = records.best(self.path)
        return best if best is not None and self.checkpoint_folder(best.step).is_dir() else None

    def _prune(self, keep: int) -> None:
        best = self.best()
        others = [step for step in self.checkpoints() if best is None or step != best.step]
        for old in others[:-keep]:
            shutil.rmtree(self.checkpoint_folder(old), ignore_errors=True)

    # ---- opening checkpoints -------------------------------------------------------------------------------------

    def trainer(
        self, device: str = "auto", step: int | Literal["best"] | None = None, dataset: Dataset | None = None
    ) -> Trainer:
        """A trainer in the state of the last complete checkpoint, or of `step`, or of the best one.

        Raises:
            RunError: no such checkpoint is complete, the run has no best one, or it cannot go on under its present
                config.json and data.
            data.DataError: the data cannot be loaded.
        """
        step = self._resolve(step)
        self.refuse_without_state()
        self.refuse_other_settings()
        trainer = Trainer(self.config, device, dataset)
        damaged = []
        for saved in reversed(self.checkpoints() if step is None else [step]):
            self.origin(saved).refuse_other_data(self.id, trainer.config, trainer.dataset)
            try:
                checkpoint.load(trainer, self.checkpoint_folder(saved))
                if checkpoint.is_trainable(self.checkpoint_folder(saved)):
                    return trainer
                damaged.append(f"step {saved} (weights that are not finite)")
            except checkpoint.READ_ERRORS as error:
                damaged.append(f"step {saved} ({checkpoint.reason(error)})")
        found = f"; these are damaged: {', '.join(damaged)}" if damaged else ""
        advice = "Start a new run from its settings."
        raise RunError(f"The run {self.id} has no complete checkpoint to resume from{found}. {advice}")

    def model(self, step: int | Literal["best"] | None = None, raw: bool = False, device: str = "cpu") -> Model:
        """The frozen networks of the last complete checkpoint, or of `step`, or of the best one. Loads no data.

        G has its averaged weights where they exist, unless `raw`. The config is the one in the checkpoint.

        Raises `RunError` if the run or the checkpoint is missing or damaged, or the run has no best one.
        """
        at, config = self._resolve(step), self.config
        for saved in reversed(self.checkpoints() if at is None else [at]):
            try:
                networks = checkpoint.read_networks(self.checkpoint_folder(saved))
                found = direction_names.attribute_directions(self.path, config.latent.dim)
                weights = Weights(self.origin(saved).config_in(config), saved, **networks, attribute_directions=found)
                return weights.model(f"{self.name}, step {saved:,}", raw, find_device(device))
            except checkpoint.READ_ERRORS as error:
                if at is not None:
                    raise RunError(
                        f"The checkpoint of step {at:,} of the run {self.id} is missing or damaged "
                        f"({type(error).__name__}); choose another step"
                    ) from None
        raise RunError(f"The run {self.id} has no complete checkpoint to open; resume it, or choose another run")

    def _resolve(self, step: int | Literal["best"] | None) -> int | None:
        if step != "best":
            return step
        best = self.best()
        if best is None:
            raise RunError(
                f"The run {self.id} has no evaluated checkpoint, so it has no best one; use its last one, "
                "or resume it with record.evaluate_every above 0."
            )
        return best.step

    def refuse_without_state(self) -> None:
        """Raise `RunError` if all checkpoints hold only weights, as those of the shipped runs do."""
        steps = self.checkpoints()
        if steps and not any(checkpoint.has_state(self.checkpoint_folder(step)) for step in steps):
            raise RunError(
                f"The run {self.id} holds only weights, which can generate samples but not be trained on. "
                "Start a new run from its settings."
            )

    def refuse_other_settings(self) -> None:
        """Raise `RunError` if config.json was edited and the last trainable checkpoint cannot go on under it."""
        for step in self.trainable()[-1:]:
            self.origin(step).refuse_other_settings(self.id, step, self.config)

    def origin(self, step: int) -> Origin:
        """The settings and the data of the checkpoint of `step`; unknown if its state is damaged."""
        with suppress(*checkpoint.READ_ERRORS):
            return Origin.of(self.checkpoint_folder(step))
        return Origin()

    def trainable(self) -> list[int]:
        """The steps whose checkpoint is complete and has finite weights, in order."""
        return [step for step in self.checkpoints() if checkpoint.is_trainable(self.checkpoint_folder(step))]

    def last_complete(self, step: int | None = None) -> int:
        """The last of the steps in `trainable`, or `step` if it is one of them, else raise `RunError`."""
        for saved in reversed(self.checkpoints()):  # reads no checkpoint before the last trainable one
            if step in (None, saved) and checkpoint.is_trainable(self.checkpoint_folder(saved)):
                return saved
        which = "" if step is None else f" of step {step}"
        raise RunError(f"The run {self.id} has no complete checkpoint{which} with finite weights to resume from")

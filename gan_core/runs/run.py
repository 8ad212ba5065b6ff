"""One run's folder: what is in it, and how each part is read and written."""

from __future__ import annotations

import json
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
from gan_core.runs import checkpoint, disk, frames
from gan_core.runs.errors import RunError
from gan_core.runs.metadata import Metadata
from gan_core.system.devices import find_device
from gan_core.system.files import append_line, json_lines, replace_text
from gan_core.training.history import append_csv, read_table, rewind_csv
from gan_core.training.plane_view import Plane
from gan_core.training.trainer import Trainer

MARKED = ("changed", "forked")  # events that stand on the curves, with a text
_IN_USE = ".in-use"


class Run:
    """One run's folder: its config, figures, events, pictures and checkpoints."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self._saving = threading.Lock()  # training and judging both keep checkpoints

    @property
    def name(self) -> str:
        """What the run is called in the library."""
        return self.about().name or self.id

    # ---- the experiment ------------------------------------------------------------------------------------------

    @property
    def config(self) -> TrainConfig:
        """The config in force when the run was last written. Raises `RunError` if it cannot be read."""
        try:
            return TrainConfig.from_json((self.path / "config.json").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            raise RunError(f"The run {self.id} has no readable config.json: {error}") from None

    def write_config(self, config: TrainConfig) -> None:
        replace_text(self.path / "config.json", config.to_json())

    def about(self) -> Metadata:
        """Its name, tags and notes."""
        return Metadata.read(self.path / "about.json")

    def write_about(self, said: Metadata) -> None:
        """Raises `OSError` if the disk refuses."""
        said.write(self.path / "about.json")

    def hold(self) -> FileLock:
        """Keep the run for oneself while writing to it, until the lock's `release` or the end of the process.

        Raises:
            RunError: somebody else has it, here or in another process.
            OSError: the folder cannot be written.
        """
        lock = FileLock(self.path / _IN_USE)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise RunError(f"The run {self.id} is being trained already; stop it there first.") from None
        return lock

    @property
    def in_use(self) -> bool:
        """Whether somebody holds the run."""
        if not (self.path / _IN_USE).exists():
            return False
        try:
            self.hold().release()
        except RunError:
            return True
        except OSError:  # nobody can write here, so nobody trains here
            return False
        return False

    # ---- figures and events --------------------------------------------------------------------------------------

    def append_metrics(self, rows: Sequence[Sequence[float]]) -> None:
        """Add rows of figures, in the order of `history.COLUMNS`."""
        append_csv(self.path / "metrics.csv", rows)

    def metrics(self) -> list[list[float]]:
        """All rows of figures, in the order of `history.COLUMNS`."""
        return self.table().tolist()

    def table(self) -> NDArray[np.float64]:
        """The same rows as one array, (n, columns)."""
        return read_table(self.path / "metrics.csv")

    def write_evaluations(self, rows: Sequence[Evaluation]) -> None:
        """Keep these judgements, all that there are. Raises `OSError` if the disk refuses."""
        replace_text(self.path / "evals.csv", evaluations.as_csv(rows))

    def evaluations(self) -> list[Evaluation]:
        """All judgements made while the run trained, oldest first."""
        file = self.path / "evals.csv"
        return evaluations.from_csv(file.read_text(encoding="utf-8", errors="replace")) if file.exists() else []

    def append_sample_stats(self, sample_stats: SampleStats) -> None:
        """Add a sample_stats at the samples to `glances.jsonl`."""
        append_line(self.path / "glances.jsonl", asdict(sample_stats))

    def sample_stats(self) -> list[SampleStats]:
        """All sample_stats, oldest first; lines that cannot be read are left out."""
        sample_stats = []
        for line in json_lines(self.path / "glances.jsonl"):
            numbers = all(isinstance(value, int | float) for value in line.values() if value is not None)
            with suppress(TypeError):  # other fields
                if numbers and None not in (line.get("spread"), line.get("nearest"), line.get("step")):
                    sample_stats.append(SampleStats(**line))
        return sample_stats

    def log(self, kind: str, step: int, **details: Any) -> None:
        """Note that something happened: started, changed, forked, saved, named, unjudged, stopped, finished, failed."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        append_line(self.path / "events.jsonl", {"time": now, "kind": kind, "step": step} | details)

    def events(self) -> list[dict[str, Any]]:
        """All that happened, oldest first; lines that cannot be read are left out."""
        return [event for event in json_lines(self.path / "events.jsonl") if _sound(event)]

    # ---- pictures ------------------------------------------------------------------------------------------------

    def write_frame(self, step: int, samples: np.ndarray, plane: Plane | None = None) -> None:
        """Keep the samples of this step: (n, H, W, C) bytes as one PNG, or for points the whole plane."""
        frames.write(self._pictures, step, samples, plane)

    def frames(self) -> list[int]:
        """The steps of which a picture is kept, in order."""
        return frames.steps(self._pictures)

    def frame(self, step: int) -> np.ndarray | Plane:
        """The samples of this step as `write_frame` got them. Raises `RunError` if there is no readable picture."""
        try:
            return frames.read(self._pictures, step, self.config)
        except frames.BROKEN as error:
            raise RunError(f"The run {self.id} has no readable picture of step {step}: {error}") from None

    @property
    def _pictures(self) -> Path:
        return self.path / "samples"

    # ---- checkpoints ---------------------------------------------------------------------------------------------

    def save(self, trainer: Trainer, keep: int) -> None:
        """Save a whole checkpoint, then delete all but the last `keep` and the best. Raises `OSError` if it cannot."""
        with self._saving:
            disk.keep_reserve(self.path)
            checkpoint.save(trainer, self._checkpoint(trainer.steps))
            self._prune(keep)

    def keep_best(self, state: Mapping[str, Any], best: Best, keep: int) -> None:
        """Keep what `Trainer.state_dict` gave at step `best.step` as the best checkpoint, in place of the one before.

        A kill at any moment leaves one of the two, whole and named. Raises `OSError` if the disk refuses.
        """
        with self._saving:
            if not self._checkpoint(best.step).exists():
                checkpoint.write(state, self._checkpoint(best.step))
            replace_text(self.path / "best.json", best.as_json())
            self._prune(keep)

    def best(self) -> Best | None:
        """The best checkpoint by the run's quality metric; None before the first judgement."""
        best = evaluations.read_best(self.path / "best.json")
        return best if best is not None and self._checkpoint(best.step).is_dir() else None

    def _prune(self, keep: int) -> None:
        best = self.best()
        others = [step for step in self.checkpoints() if best is None or step != best.step]
        for old in others[:-keep]:
            shutil.rmtree(self._checkpoint(old), ignore_errors=True)

    def _checkpoint(self, step: int) -> Path:
        return self.path / f"step-{step:07d}"

    def checkpoints(self) -> list[int]:
        """The steps of which a checkpoint is kept, in order."""
        steps = (checkpoint.step_of(folder) for folder in self.path.glob("step-*") if folder.is_dir())
        return sorted(step for step in steps if step is not None)

    def refuse_if_only_to_look_at(self) -> None:
        """Raises `RunError` if all of the run's checkpoints are weights alone, as those of the shipped runs."""
        steps = self.checkpoints()
        if steps and not any(checkpoint.has_state(self._checkpoint(step)) for step in steps):
            raise RunError(
                f"The run {self.id} keeps weights alone, to look at and to make samples of: it cannot be trained on. "
                "Start it anew from its settings."
            )

    def trainer(
        self,
        device: str = "auto",
        step: int | Literal["best"] | None = None,
        dataset: Dataset | None = None,
        to_train: bool = True,
    ) -> Trainer:
        """A trainer that stands where the last whole checkpoint stands, or the one of `step`, or the best one.

        A torn checkpoint is passed over for the one before it.

        Args:
            to_train: else it only makes samples, for which a checkpoint's weights are enough.

        Raises:
            RunError: there is no whole checkpoint, or none has been judged the best.
        """
        step = self._step_of(step)
        if to_train:
            self.refuse_if_only_to_look_at()
        load = checkpoint.load if to_train else checkpoint.load_weights
        trainer = Trainer(self.config, device, dataset)
        torn = []
        for saved in reversed(self.checkpoints() if step is None else [step]):
            try:
                load(trainer, self._checkpoint(saved))
                return trainer
            except checkpoint.BROKEN as error:
                torn.append(f"step {saved} ({type(error).__name__})")
        found = f"; these are damaged: {', '.join(torn)}" if torn else ""
        raise RunError(
            f"The run {self.id} has no whole checkpoint to go on from{found}. Start it anew from its settings."
        )

    def model(self, step: int | Literal["best"] | None = None, raw: bool = False, device: str = "cpu") -> Model:
        """The networks of the last whole checkpoint, or of `step`, or the best one, to look at; reads no data.

        G's weights are the averaged ones where there are such, unless `raw`.

        Raises:
            RunError: the run or the checkpoint is gone or damaged, or none has been judged the best.
        """
        at = self._step_of(step)
        config = self.config
        for saved in reversed(self.checkpoints() if at is None else [at]):
            try:
                weights = Weights(config, saved, **checkpoint.networks(self._checkpoint(saved)))
                return weights.model(f"{self.name}, step {saved:,}", raw, find_device(device))
            except checkpoint.BROKEN as error:
                if at is not None:
                    raise RunError(
                        f"The checkpoint of step {at:,} of the run {self.id} is gone or damaged "
                        f"({type(error).__name__}); choose another step"
                    ) from None
        raise RunError(f"The run {self.id} has no whole checkpoint to look at; train it on, or choose another run")

    def _step_of(self, step: int | Literal["best"] | None) -> int | None:
        if step != "best":
            return step
        best = self.best()
        if best is None:
            raise RunError(
                f"No checkpoint of the run {self.id} has been judged, so none is the best; use its last one, "
                "or train on with record.evaluate_every above 0."
            )
        return best.step

    def last_whole(self, step: int | None = None) -> int:
        """The step of the last whole checkpoint, or `step` if its checkpoint is whole. Raises `RunError` if none is."""
        for saved in reversed(self.checkpoints()):
            if step in (None, saved) and checkpoint.is_whole(self.path / f"step-{saved:07d}"):
                return saved
        which = "" if step is None else f" of step {step}"
        raise RunError(f"The run {self.id} has no whole checkpoint{which} to go on from")

    def copy_into(self, child: Run, step: int) -> None:
        """Copy the checkpoint of `step`, all figures and pictures, and the settings changed before it, to a new run."""
        shutil.copytree(self.path / f"step-{step:07d}", child.path / f"step-{step:07d}")
        for table in (*self.path.glob("*.csv"), *self.path.glob("*.jsonl")):
            if table.name != "events.jsonl":
                shutil.copy2(table, child.path)
        if self._pictures.is_dir():
            shutil.copytree(self._pictures, child.path / self._pictures.name)
        for event in self.events():
            if event["kind"] in MARKED and event["step"] <= step:
                child.log(**event)

    def rewind(self, step: int) -> None:
        """Forget all that is of after `step`, which a crash left behind the last whole checkpoint."""
        rewind_csv(self.path / "metrics.csv", step)
        judged = self.evaluations()
        if judged and judged[-1].step > step:
            self.write_evaluations([row for row in judged if row.step <= step])
        best = self.best()
        if best is not None and best.step > step:
            (self.path / "best.json").unlink()
        for later in (kept for kept in self.checkpoints() if kept > step):
            shutil.rmtree(self._checkpoint(later), ignore_errors=True)
        kept = [
            json.dumps(asdict(sample_stats)) + "\n" for sample_stats in self.sample_stats() if sample_stats.step <= step
        ]
        if kept or (self.path / "glances.jsonl").exists():
            replace_text(self.path / "glances.jsonl", "".join(kept))
        frames.delete_after(self._pictures, step)


def _sound(event: dict[str, Any]) -> bool:
    """Whether an event has what its readers rely on; the file may have been edited, or come from elsewhere."""
    kind, step = event.get("kind"), event.get("step")
    marked = kind in MARKED and not isinstance(event.get("text"), str)
    return isinstance(kind, str) and type(step) is int and not marked

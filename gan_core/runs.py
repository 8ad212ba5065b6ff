"""The run library: a run is a folder of plain files that outlives the process which trained it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from safetensors.numpy import load_file, save_file

from gan_core import checkpoint, evals
from gan_core.config import ConfigError, TrainConfig
from gan_core.data import Dataset
from gan_core.devices import find_device
from gan_core.diagnosis import Glance
from gan_core.evals import Best, Evaluation
from gan_core.history import append_csv, read_csv, rewind_csv
from gan_core.latent import Model, Weights
from gan_core.plane import Plane, to_arrays
from gan_core.schema import as_text
from gan_core.trainer import Trainer

COLUMNS_OF_PICTURES = 8  # samples side by side in a saved grid
MARKED = ("changed", "forked")  # events that stand on the curves, with a text
_ASIDE = (*MARKED, "unjudged", "named")  # events that do not tell how the run stands
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunError(RuntimeError):
    """A run that cannot be found, read or written; the message says what, why and what now."""


@dataclass(frozen=True)
class RunSummary:
    """What a list of runs shows of each."""

    id: str
    name: str
    config: TrainConfig
    status: str  # the last event: "started" "forked" "saved" "stopped" "finished" "failed"
    step: int
    modified: float  # seconds since the epoch
    bytes: int


class Run:
    """One run's folder: its config, figures, events, pictures and checkpoints."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self._saving = threading.Lock()  # training and judging both keep checkpoints

    # ---- the experiment ------------------------------------------------------------------------------------------

    @property
    def config(self) -> TrainConfig:
        """The config in force when the run was last written. Raises `RunError` if it cannot be read."""
        try:
            return TrainConfig.from_json((self.path / "config.json").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            raise RunError(f"The run {self.id} has no readable config.json: {error}") from None

    def write_config(self, config: TrainConfig) -> None:
        _replace_text(self.path / "config.json", config.to_json())

    # ---- figures and events --------------------------------------------------------------------------------------

    def append_metrics(self, rows: Sequence[Sequence[float]]) -> None:
        """Add rows of figures, in the order of `history.COLUMNS`."""
        append_csv(self.path / "metrics.csv", rows)

    def metrics(self) -> list[list[float]]:
        """All rows of figures, in the order of `history.COLUMNS`."""
        return read_csv(self.path / "metrics.csv")

    def write_evals(self, rows: Sequence[Evaluation]) -> None:
        """Keep these judgements, all that there are. Raises `OSError` if the disk refuses."""
        _replace_text(self.path / "evals.csv", evals.as_csv(rows))

    def evals(self) -> list[Evaluation]:
        """All judgements made while the run trained, oldest first."""
        file = self.path / "evals.csv"
        return evals.from_csv(file.read_text(encoding="utf-8", errors="replace")) if file.exists() else []

    def append_glance(self, glance: Glance) -> None:
        """Add a glance at the samples to `glances.jsonl`."""
        with (self.path / "glances.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(glance)) + "\n")

    def glances(self) -> list[Glance]:
        """All glances, oldest first; lines that cannot be read are left out."""
        file = self.path / "glances.jsonl"
        glances = []
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []:
            with suppress(ValueError, TypeError):  # a crash may cut the last line
                glances.append(Glance(**json.loads(line)))
        return glances

    def log(self, kind: str, step: int, **details: Any) -> None:
        """Note that something happened: started, changed, forked, saved, named, unjudged, stopped, finished, failed."""
        event = {
            "time": datetime.now().astimezone().isoformat(timespec="seconds"),
            "kind": kind,
            "step": step,
        } | details
        with (self.path / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")

    def events(self) -> list[dict[str, Any]]:
        """All that happened, oldest first; lines that cannot be read are left out."""
        file = self.path / "events.jsonl"
        events = []
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and "kind" in event:
                events.append(event)
        return events

    # ---- pictures ------------------------------------------------------------------------------------------------

    def write_frame(self, step: int, samples: np.ndarray, plane: Plane | None = None) -> None:
        """Keep the samples of this step: (n, H, W, C) bytes as one PNG, or for points the whole plane."""
        folder = self.path / "samples"
        folder.mkdir(exist_ok=True)
        if plane is not None:
            save_file(to_arrays(plane), folder / f"step-{step:07d}.safetensors")
        else:
            Image.fromarray(tile(samples)).save(folder / f"step-{step:07d}.png", compress_level=1)

    def frames(self) -> list[int]:
        """The steps of which a picture is kept, in order."""
        steps = (checkpoint.step_of(file.with_suffix("")) for file in (self.path / "samples").glob("step-*"))
        return sorted(step for step in steps if step is not None)

    def frame(self, step: int) -> np.ndarray | Plane:
        """The samples of this step as `write_frame` got them. Raises `RunError` if there is no readable picture."""
        stem = self.path / "samples" / f"step-{step:07d}"
        try:
            if stem.with_suffix(".safetensors").exists():
                return Plane(**load_file(stem.with_suffix(".safetensors")))
            with Image.open(stem.with_suffix(".png")) as picture:
                return untile(np.asarray(picture), self.config)
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"The run {self.id} has no readable picture of step {step}: {error}") from None

    # ---- checkpoints ---------------------------------------------------------------------------------------------

    def save(self, trainer: Trainer, keep: int) -> None:
        """Save a whole checkpoint, then delete all but the last `keep` and the best. Raises `OSError` if it cannot."""
        with self._saving:
            checkpoint.save(trainer, self._checkpoint(trainer.steps))
            self._prune(keep)

    def keep_best(self, state: Mapping[str, Any], best: Best, keep: int) -> None:
        """Keep what `Trainer.state_dict` gave at step `best.step` as the best checkpoint, in place of the one before.

        A kill at any moment leaves one of the two, whole and named. Raises `OSError` if the disk refuses.
        """
        with self._saving:
            if not self._checkpoint(best.step).exists():
                checkpoint.write(state, self._checkpoint(best.step))
            _replace_text(self.path / "best.json", best.as_json())
            self._prune(keep)

    def best(self) -> Best | None:
        """The best checkpoint by the run's quality metric; None before the first judgement."""
        best = evals.read_best(self.path / "best.json")
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

    def trainer(
        self, device: str = "auto", step: int | Literal["best"] | None = None, dataset: Dataset | None = None
    ) -> Trainer:
        """A trainer that stands where the last whole checkpoint stands, or the one of `step`, or the best one.

        A torn checkpoint is passed over for the one before it.

        Raises:
            RunError: there is no whole checkpoint, or none has been judged the best.
        """
        step = self._step_of(step)
        trainer = Trainer(self.config, device, dataset)
        torn = []
        for saved in reversed(self.checkpoints() if step is None else [step]):
            try:
                checkpoint.load(trainer, self._checkpoint(saved))
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
        if (self.path / "samples").is_dir():
            shutil.copytree(self.path / "samples", child.path / "samples")
        for event in self.events():
            if event["kind"] in MARKED and event["step"] <= step:
                child.log(**event)

    def rewind(self, step: int) -> None:
        """Forget all that is of after `step`, which a crash left behind the last whole checkpoint."""
        rewind_csv(self.path / "metrics.csv", step)
        judged = self.evals()
        if judged and judged[-1].step > step:
            self.write_evals([row for row in judged if row.step <= step])
        best = self.best()
        if best is not None and best.step > step:
            (self.path / "best.json").unlink()
        for later in (kept for kept in self.checkpoints() if kept > step):
            shutil.rmtree(self._checkpoint(later), ignore_errors=True)
        kept = [json.dumps(asdict(glance)) + "\n" for glance in self.glances() if glance.step <= step]
        if kept or (self.path / "glances.jsonl").exists():
            _replace_text(self.path / "glances.jsonl", "".join(kept))
        for later in (kept for kept in self.frames() if kept > step):
            for file in (self.path / "samples").glob(f"step-{later:07d}.*"):
                file.unlink()

    # ---- about the run -------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the run is called in the library."""
        return next((event["name"] for event in self.events() if event.get("name")), self.id)

    def summary(self) -> RunSummary:
        """The run in a line. Raises `RunError` if its config cannot be read."""
        events = self.events()
        files = [file.stat() for file in self.path.rglob("*") if file.is_file()]
        return RunSummary(
            id=self.id,
            name=self.name,
            config=self.config,
            status=next((event["kind"] for event in reversed(events) if event["kind"] not in _ASIDE), "started"),
            step=max([*self.checkpoints(), *(event.get("step", 0) for event in events)], default=0),
            modified=max((file.st_mtime for file in files), default=0.0),
            bytes=sum(file.st_size for file in files),
        )


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


def tile(samples: np.ndarray, columns: int = COLUMNS_OF_PICTURES) -> np.ndarray:
    """Pictures (n, H, W, C) as one, row by row, `columns` of them side by side: (rows H, columns W[, C])."""
    n, height, width, channels = samples.shape
    rows = -(-n // columns)
    sheet = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    sheet[:n] = samples
    sheet = sheet.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    return sheet[..., 0] if channels == 1 else sheet


def untile(sheet: np.ndarray, config: TrainConfig) -> np.ndarray:
    """The pictures that `tile` joined: (record.samples, H, W, C)."""
    channels, height, width = config.shape
    rows = sheet.shape[0] // height
    pictures = sheet.reshape(rows, height, COLUMNS_OF_PICTURES, width, channels).transpose(0, 2, 1, 3, 4)
    return pictures.reshape(-1, height, width, channels)[: config.record.samples]


def _replace_text(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".tmp")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)

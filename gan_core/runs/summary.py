"""What a list of runs shows of each, gathered from its files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gan_core.config import TrainConfig
from gan_core.diagnosis.failure_modes import FAILURE_MODES
from gan_core.metrics.registry import QUALITY_METRIC
from gan_core.runs import disk
from gan_core.runs.run import MARKED, Run
from gan_core.training.history import COLUMNS, last_row

_ASIDE = (*MARKED, "unjudged", "named", "imported")  # events that do not tell how the run stands
_TITLES = {illness.id: illness.title for illness in FAILURE_MODES}
_TELLING = ("", "samples", "config.json", "about.json", "events.jsonl", "metrics.csv", "evals.csv")

Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class RunSummary:
    """A run in a line."""

    id: str
    name: str  # as its owner called it, else its id
    tags: tuple[str, ...]
    notes: str
    config: TrainConfig
    status: str  # the last event: "started" "forked" "saved" "stopped" "finished" "failed"
    step: int
    seconds: float  # spent training
    device: str  # "cpu", "cuda"; "" for a run that never started
    metric: str  # the figure of quality that is told, in figures.METRICS
    quality: float | None  # as last judged; lower is better
    best: float | None  # of the best checkpoint
    health: str | None  # the title of the worst finding when it was last saved; "" if there was none, None if untold
    frame: int | None  # the last step of which a picture is kept
    checkpoints: tuple[int, ...]
    parent: str  # the run that it was forked from; "" for none
    forked_at: int  # the step of that fork
    modified: float  # seconds since the epoch, of the last that happened in it
    bytes: int


def stamp(run: Run) -> Stamp:
    """Something that changes whenever the summary would. Reads no file.

    Raises:
        OSError: the folder is gone.
    """
    return tuple(_state(run.path / name) for name in _TELLING)


def summarise(run: Run) -> RunSummary:
    """The run in a line, read from its files. Raises `RunError` if its config cannot be read."""
    config, events, said = run.config, run.events(), run.about()
    judged, best, frames, row = run.evaluations(), run.best(), run.frames(), last_row(run.path / "metrics.csv")
    metric = QUALITY_METRIC[config.dataset.kind]
    fork: dict[str, Any] = next((event for event in reversed(events) if event["kind"] == "forked"), {})
    return RunSummary(
        id=run.id,
        name=said.name or run.id,
        tags=said.tags,
        notes=said.notes,
        config=config,
        status=next((event["kind"] for event in reversed(events) if event["kind"] not in _ASIDE), "started"),
        step=max([*run.checkpoints(), *(event["step"] for event in events)], default=0),
        seconds=row[COLUMNS.index("seconds")] if row else 0.0,
        device=next((str(event["device"]) for event in reversed(events) if "device" in event), "").split(":")[0],
        metric=metric,
        quality=next((value for row in reversed(judged) if (value := row.value(metric)) is not None), None),
        best=best.value if best is not None else None,
        health=_health(events),
        frame=frames[-1] if frames else None,
        checkpoints=tuple(run.checkpoints()),
        parent=str(fork.get("parent", "")),
        forked_at=fork.get("step", 0),
        modified=max(_state(run.path / name)[0] for name in ("config.json", "events.jsonl", "metrics.csv")) / 1e9,
        bytes=sum(file.st_size for file in disk.files(run.path)),
    )


def _health(events: Sequence[dict[str, Any]]) -> str | None:
    """What was worst when the run was last saved; of a run that failed, what was named last."""
    if any(event["kind"] == "failed" for event in events[-1:]):
        return next(
            (_TITLES.get(event.get("id", ""), "") for event in reversed(events) if event["kind"] == "named"), ""
        )
    told = next((event["health"] for event in reversed(events) if isinstance(event.get("health"), list)), None)
    return None if told is None else next((_TITLES[id] for id in told if id in _TITLES), "")


def _state(path: os.PathLike[str]) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)

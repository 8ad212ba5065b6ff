"""The summary of a run that a list of runs shows, collected from its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gan_core.config import TrainConfig
from gan_core.metrics.registry import QUALITY_METRIC
from gan_core.runs import disk, records
from gan_core.runs.health_record import TITLES, recorded_health
from gan_core.runs.records import CURVE_EVENTS
from gan_core.runs.run import Run
from gan_core.system.files import file_version
from gan_core.training.history import COLUMNS, last_row

# events that leave the run's status as it was
_NOT_A_STATUS = (*CURVE_EVENTS, "unjudged", "named", "health", "imported", "repaired")
_SOURCES = ("", "samples", *records.MAX_BYTES)

Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class RunSummary:
    id: str
    name: str  # the user's name for it, or its id
    tags: tuple[str, ...]
    notes: str
    config: TrainConfig
    status: str  # the last event: "created" "started" "saved" "stopped" "finished" "failed"
    step: int
    seconds: float  # of training
    device: str  # "cpu", "cuda" or "mps"; "" if the run never started
    metric: str  # the quality metric, a key of the metric registry
    quality: float | None  # at the last evaluation; lower is better
    evaluated_at: int | None  # the step of that evaluation
    best: float | None  # of the best checkpoint
    health: str | None  # the title of the worst failure mode named last; "" if there was none, None if unknown
    frame: int | None  # the last step that has a picture
    checkpoints: tuple[int, ...]
    parent: str  # id of the run that it was forked from; "" for none
    forked_at: int  # the step of that fork
    modified: float  # time of the last change, in seconds since the epoch
    bytes: int


def stamp(run: Run) -> Stamp:
    """A value that changes whenever the summary would. Reads no file."""
    return tuple(file_version(run.path / name) for name in _SOURCES)


def summarize(run: Run) -> RunSummary:
    """The summary of a run, read from its files. Raises `RunError` if one of them cannot be read."""
    records.check_files(run.path)
    config, events, metadata = run.config, run.events(), run.metadata()
    evaluations, best, frames, row = run.evaluations(), run.best(), run.frames(), last_row(run.path / "metrics.csv")
    metric = QUALITY_METRIC[config.dataset.kind]
    last = next((row for row in reversed(evaluations) if row.value(metric) is not None), None)
    health = recorded_health(events)
    status = next((event["kind"] for event in reversed(events) if event["kind"] not in _NOT_A_STATUS), "started")
    fork: dict[str, Any] = next((event for event in reversed(events) if event["kind"] == "forked"), {})
    return RunSummary(
        id=run.id,
        name=metadata.name or run.id,
        tags=metadata.tags,
        notes=metadata.notes,
        config=config,
        status=status,
        step=max([*run.checkpoints(), *(event["step"] for event in events)], default=0),
        seconds=row[COLUMNS.index("seconds")] if row else 0.0,
        device=next((str(event["device"]) for event in reversed(events) if "device" in event), "").split(":")[0],
        metric=metric,
        quality=last.value(metric) if last is not None else None,
        evaluated_at=last.step if last is not None else None,
        best=best.value if best is not None else None,
        health=None if health is None else TITLES[health[0]] if health else "",
        frame=frames[-1] if frames else None,
        checkpoints=tuple(run.checkpoints()),
        parent=str(fork.get("parent", "")),
        forked_at=fork.get("step", 0),
        modified=max(file_version(run.path / name)[0] for name in ("config.json", "events.jsonl", "metrics.csv")) / 1e9,
        bytes=disk.size(run.path),
    )

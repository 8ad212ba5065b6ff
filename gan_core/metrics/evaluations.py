"""The evaluations of a run: in memory, in a CSV file, and which checkpoint scored best."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from gan_core.metrics.registry import METRICS, MetricValue, Provenance
from gan_core.system.files import read_json

_TIME_COLUMNS = ("step", "epoch", "seconds", "images")
_SUFFIXES = ("", "_low", "_high", "_real", "_n", "_reference", "_extractor")  # each metric has these columns


@dataclass(frozen=True)
class Evaluation:
    """The metrics of the generator at one step."""

    step: int
    epoch: float
    seconds: float  # of training until this step
    images: int  # real examples that D has seen
    metrics: tuple[MetricValue, ...]

    def value(self, name: str) -> float | None:
        """The value of the metric of this name, or None if it was not measured."""
        return next((metric.value for metric in self.metrics if metric.name == name), None)


@dataclass(frozen=True, eq=False)
class Column:
    """One metric over a run: read-only arrays, NaN where an evaluation lacks the metric."""

    value: np.ndarray
    low: np.ndarray  # 95 % interval
    high: np.ndarray
    real: np.ndarray  # score of real data against real data
    provenance: tuple[Provenance | None, ...]


@dataclass(frozen=True, eq=False)
class Evaluations:
    """A run's evaluations so far, oldest first. Immutable: each new evaluation makes a new value."""

    rows: tuple[Evaluation, ...] = ()
    metric: str = ""  # the metric that selects the best checkpoint: lower is better
    best: int | None = None  # step of the best checkpoint
    step: np.ndarray = field(init=False)
    epoch: np.ndarray = field(init=False)
    seconds: np.ndarray = field(init=False)
    images: np.ndarray = field(init=False)
    columns: Mapping[str, Column] = field(init=False)  # by name, in the order of METRICS; only measured metrics

    def __post_init__(self) -> None:
        for name in _TIME_COLUMNS:
            object.__setattr__(self, name, _array([getattr(row, name) for row in self.rows]))
        measured = {metric.name for row in self.rows for metric in row.metrics}
        object.__setattr__(self, "columns", {name: self._column(name) for name in METRICS if name in measured})

    def __len__(self) -> int:
        return len(self.rows)

    def _column(self, name: str) -> Column:
        metrics = [next((m for m in row.metrics if m.name == name), None) for row in self.rows]
        value, low, high, real = (
            _array([getattr(metric, part, None) for metric in metrics]) for part in ("value", "low", "high", "real")
        )
        return Column(value, low, high, real, tuple(metric.provenance if metric else None for metric in metrics))


def _array(values: Sequence[float | None]) -> np.ndarray:
    array = np.array([math.nan if value is None else value for value in values], dtype=float)
    array.flags.writeable = False
    return array


# ---- evals.csv -------------------------------------------------------------------------------------------------------


def as_csv(rows: Sequence[Evaluation]) -> str:
    """The rows as CSV: one line per evaluation; each metric has the columns of `_SUFFIXES`."""
    names = [name for name in METRICS if any(row.value(name) is not None for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_TIME_COLUMNS, *(name + part for name in names for part in _SUFFIXES)])
    for row in rows:
        by_name = {metric.name: metric for metric in row.metrics}
        cells = [cell for name in names for cell in _cells(by_name.get(name))]
        writer.writerow([row.step, repr(row.epoch), repr(row.seconds), row.images, *cells])
    return text.getvalue()


def _cells(metric: MetricValue | None) -> list[str]:
    if metric is None:
        return [""] * len(_SUFFIXES)
    numbers = (metric.value, metric.low, metric.high, metric.real)
    source = metric.provenance
    return [*("" if x is None else repr(x) for x in numbers), str(source.n), source.reference, source.extractor]


def from_csv(text: str) -> list[Evaluation]:
    """The rows that `as_csv` wrote; unreadable lines are skipped."""
    rows = []
    with suppress(csv.Error):  # binary data: the rest of the file is unreadable
        for line in csv.DictReader(io.StringIO(text)):
            with suppress(KeyError, ValueError, TypeError):
                rows.append(_evaluation(line))
    return rows


def _evaluation(line: Mapping[str, str]) -> Evaluation:
    metrics = tuple(_metric_value(name, line) for name in METRICS if line.get(name))
    return Evaluation(int(line["step"]), float(line["epoch"]), float(line["seconds"]), int(line["images"]), metrics)


def _metric_value(name: str, line: Mapping[str, str]) -> MetricValue:
    low, high, real = (float(line[name + part]) if line[name + part] else None for part in ("_low", "_high", "_real"))
    provenance = Provenance(int(line[name + "_n"]), line[name + "_reference"], line[name + "_extractor"])
    return MetricValue(name, float(line[name]), low, high, real, provenance)


# ---- best.json -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Best:
    """A run's best checkpoint and the metric that selected it."""

    step: int
    metric: str  # in METRICS
    value: float

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"


def read_best(file: Path) -> Best | None:
    """Read what `Best.as_json` wrote. None if the file is absent or unreadable."""
    fields = read_json(file)
    try:
        return Best(int(fields["step"]), str(fields["metric"]), float(fields["value"]))
    except (ValueError, KeyError, TypeError):
        return None

"""The evaluations of a run: in memory, in a CSV file, and which checkpoint scored best."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from gan_core.metrics.registry import METRICS, MetricValue, Provenance
from gan_core.system.files import Count, LargeCount, Number, OnError, Seconds, reason_of, spreadsheet_text

_TIME_COLUMNS = ("step", "epoch", "seconds", "images")
_SUFFIXES = ("", "_low", "_high", "_real", "_n", "_reference", "_extractor")  # each metric has these columns


@dataclass(frozen=True)
class Evaluation:
    """The metrics of the generator at one step."""

    step: Count
    epoch: Number
    seconds: Seconds  # of training until this step
    images: LargeCount  # real examples that D has seen
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

    def comparable(self, name: str) -> np.ndarray:
        """The indices of the evaluations that have this metric, measured with the features of the last one: (n,) int.

        Earlier versions measured images with other features.
        """
        if name not in self.columns:
            return np.empty(0, dtype=int)
        extractors = [None if source is None else source.extractor for source in self.columns[name].provenance]
        last = next(extractor for extractor in reversed(extractors) if extractor is not None)
        return np.flatnonzero([extractor == last for extractor in extractors])

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
    return [
        *("" if x is None else repr(x) for x in numbers),
        str(source.n),
        *map(spreadsheet_text, (source.reference, source.extractor)),
    ]


def from_csv(text: str, on_error: OnError | None = None) -> list[Evaluation]:
    """The rows that `as_csv` wrote.

    Skips a line that lacks cells, which a crash may have cut, and a line with other values after a call of `on_error`.
    """
    heading, *lines = (_split(line) for line in text.split("\n"))
    rows = []
    for number, cells in enumerate(lines, start=2):
        if len(cells) != len(heading) or not set(_TIME_COLUMNS) <= set(heading):
            continue
        try:
            rows.append(_ROW.validate_python(_evaluation(dict(zip(heading, cells, strict=True)))))
        except ValidationError as error:
            if on_error is not None:
                on_error(number, reason_of(error))
    return rows


def _split(line: str) -> list[str]:
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # binary data
        return []


_ROW = TypeAdapter(Evaluation)


def _evaluation(line: Mapping[str, str]) -> dict[str, Any]:
    """The fields of an evaluation. A metric that is not finite counts as not measured."""
    metrics = [_metric_value(name, line) for name in METRICS if line.get(name, "") not in _NOT_MEASURED]
    return {name: line[name] for name in _TIME_COLUMNS} | {"metrics": metrics}


_NOT_MEASURED = ("", "nan", "inf", "-inf")


def _metric_value(name: str, line: Mapping[str, str]) -> dict[str, Any]:
    value, low, high, real, n, reference, extractor = (line.get(name + suffix) for suffix in _SUFFIXES)
    bounds = {key: None if x in _NOT_MEASURED else x for key, x in (("low", low), ("high", high), ("real", real))}
    provenance = {"n": n, "reference": reference, "extractor": extractor}
    return {"name": name, "value": value, "provenance": provenance, **bounds}


# ---- best.json -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Best:
    """A run's best checkpoint and the metric that selected it."""

    step: Count
    metric: str  # in METRICS
    value: Number

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

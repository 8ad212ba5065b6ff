"""The judgements of a run, a row for each: in memory, in a CSV file, and which checkpoint they found best."""

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

from gan_core.metrics.registry import KINDS, Metric, Provenance

_MOMENT = ("step", "epoch", "seconds", "images")
_PARTS = ("", "_low", "_high", "_real", "_n", "_reference", "_extractor")  # of a figure's columns, behind its name


@dataclass(frozen=True)
class Evaluation:
    """What a judgement of the generator at one step found."""

    step: int
    epoch: float
    seconds: float  # spent training until then
    images: int  # real examples that D had seen
    figures: tuple[Metric, ...]

    def value(self, name: str) -> float | None:
        """The figure of this name, or None where it was not measured."""
        return next((figure.value for figure in self.figures if figure.name == name), None)


@dataclass(frozen=True, eq=False)
class Column:
    """One figure through a run: read-only arrays, NaN where a judgement has none."""

    value: np.ndarray
    low: np.ndarray  # 95 % interval
    high: np.ndarray
    real: np.ndarray  # what real data score against real data
    basis: tuple[Provenance | None, ...]  # what each was measured on


@dataclass(frozen=True, eq=False)
class Evaluations:
    """A run's judgements so far, oldest first. Nothing in it changes; each judgement makes a new one."""

    rows: tuple[Evaluation, ...] = ()
    metric: str = ""  # the figure that tells the best checkpoint: lower is better
    best: int | None = None  # step of the best checkpoint kept
    step: np.ndarray = field(init=False)
    epoch: np.ndarray = field(init=False)
    seconds: np.ndarray = field(init=False)
    images: np.ndarray = field(init=False)
    figures: Mapping[str, Column] = field(init=False)  # by name, in the order of figures.KINDS; only those measured

    def __post_init__(self) -> None:
        for name in _MOMENT:
            object.__setattr__(self, name, _array([getattr(row, name) for row in self.rows]))
        measured = {figure.name for row in self.rows for figure in row.figures}
        object.__setattr__(self, "figures", {name: self._column(name) for name in KINDS if name in measured})

    def __len__(self) -> int:
        return len(self.rows)

    def _column(self, name: str) -> Column:
        found = [next((f for f in row.figures if f.name == name), None) for row in self.rows]
        value, low, high, real = (
            _array([getattr(f, part, None) for f in found]) for part in ("value", "low", "high", "real")
        )
        return Column(value, low, high, real, tuple(f.basis if f else None for f in found))


def _array(values: Sequence[float | None]) -> np.ndarray:
    array = np.array([math.nan if value is None else value for value in values], dtype=float)
    array.flags.writeable = False
    return array


# ---- evals.csv -------------------------------------------------------------------------------------------------------


def as_csv(rows: Sequence[Evaluation]) -> str:
    """The rows as text: a line a judgement, beside each figure its interval, floor, number, reference and extractor."""
    names = [name for name in KINDS if any(row.value(name) is not None for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_MOMENT, *(name + part for name in names for part in _PARTS)])
    for row in rows:
        by_name = {figure.name: figure for figure in row.figures}
        cells = [cell for name in names for cell in _cells(by_name.get(name))]
        writer.writerow([row.step, repr(row.epoch), repr(row.seconds), row.images, *cells])
    return text.getvalue()


def _cells(figure: Metric | None) -> list[str]:
    if figure is None:
        return [""] * len(_PARTS)
    numbers = (figure.value, figure.low, figure.high, figure.real)
    basis = figure.basis
    return [*("" if x is None else repr(x) for x in numbers), str(basis.n), basis.reference, basis.extractor]


def from_csv(text: str) -> list[Evaluation]:
    """The rows of such text; lines that cannot be read are left out."""
    rows = []
    with suppress(csv.Error):  # no text at all from here on
        for line in csv.DictReader(io.StringIO(text)):
            with suppress(KeyError, ValueError, TypeError):
                rows.append(_evaluation(line))
    return rows


def _evaluation(line: Mapping[str, str]) -> Evaluation:
    figures = tuple(_figure(name, line) for name in KINDS if line.get(name))
    return Evaluation(int(line["step"]), float(line["epoch"]), float(line["seconds"]), int(line["images"]), figures)


def _figure(name: str, line: Mapping[str, str]) -> Metric:
    low, high, real = (float(line[name + part]) if line[name + part] else None for part in ("_low", "_high", "_real"))
    basis = Provenance(int(line[name + "_n"]), line[name + "_reference"], line[name + "_extractor"])
    return Metric(name, float(line[name]), low, high, real, basis)


# ---- best.json -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Best:
    """Which of a run's checkpoints is best, and by what."""

    step: int
    metric: str  # in figures.KINDS
    value: float

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"


def read_best(file: Path) -> Best | None:
    """What `Best.as_json` wrote to the file; None where there is no such file, or it cannot be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Best(int(found["step"]), str(found["metric"]), float(found["value"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""The comparisons of the sources, stored as data, and their results as measured for this project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gan_core import presets
from gan_core.compare.analysis.headline import Headline, headline_of_report
from gan_core.compare.analysis.results import Curve, band
from gan_core.compare.plan import Axis, Comparison, comparison
from gan_core.config.catalog import Catalog
from gan_core.config.schema import ConfigError

_FILE = Path(presets.__file__).with_name("comparisons.json")
_MEASURED = Path(__file__).with_name("measured")


def names() -> list[str]:
    """The ids of all ready-made comparisons, in the order of display."""
    return list(_ready_made())


def get(name: str) -> Comparison:
    """The comparison with this id. Raises `UnknownNameError`, which lists the ids, if there is none."""
    return _ready_made()[name]


def measured(name: str) -> list[dict[str, Any]]:
    """The measured results of a comparison: a report (`report.tree`) for each length of its runs, the shortest first.

    Written by `python -m benchmarks.comparisons`; [] if it has not been measured.
    """
    found = [json.loads(file.read_text(encoding="utf-8")) for file in _MEASURED.glob(f"{name}-*.json")]
    return sorted(found, key=lambda report: report["comparison"]["steps"] or 0)


@dataclass(frozen=True, eq=False)
class Finding:
    """What the measured runs of a comparison have shown."""

    headline: Headline
    curves: tuple[Curve, ...]  # of the quality metric, against steps
    metric: str  # its label
    steps: int  # of each run


def finding(report: Mapping[str, Any]) -> Finding:
    """What a measured result has shown."""
    curves = []
    for row in report["table"]:
        runs = [run for run in report["runs"] if run["variant"] == row["variant"]]
        lines = [_known(run["evaluated_at"], run["quality"]) for run in runs]
        if lines := [line for line in lines if len(line[0])]:
            curves.append(band(row["variant"], row["title"], lines))
    metric = report["quality"].removesuffix(" at the end")
    return Finding(headline_of_report(report), tuple(curves), metric, report["comparison"]["steps"])


def _known(x: list[float], y: list[float | None]) -> tuple[np.ndarray, np.ndarray]:
    pairs = np.array([(at, value) for at, value in zip(x, y, strict=True) if value is not None]).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


@cache
def _ready_made() -> Catalog[Comparison]:
    raw = json.loads(_FILE.read_text(encoding="utf-8"))
    return Catalog("comparison", {name: _comparison(name, fields) for name, fields in raw.items()})


def _comparison(name: str, fields: dict[str, Any]) -> Comparison:
    base = presets.load(fields.pop("base")).with_values(fields.pop("settings", {}))
    axes = [_axis(axis) for axis in fields.pop("axes")]
    return comparison(id=name, base=base, axes=axes, **fields)


def _axis(axis: dict[str, Any]) -> dict[str, Any] | Axis:
    """An axis given in full, as setting values {"keys": [...], "over": [...]}, or as {"optimizers": [...]}."""
    match axis:
        case {"optimizers": names}:
            return Axis.of_optimizers(names)
        case {"keys": keys, "over": values}:
            return Axis.of(keys, values, axis.get("title", ""))
        case {"variants": _}:
            return axis
    raise ConfigError(f"An axis needs variants, optimizers, or keys and over; it has {', '.join(axis)}")

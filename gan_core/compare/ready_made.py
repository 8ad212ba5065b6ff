"""The comparisons ready to start: data, as the presets are, and what each gave when it was measured here."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from gan_core import presets
from gan_core.compare.plan import Axis, Comparison, comparison
from gan_core.config.catalog import Catalog
from gan_core.config.schema import ConfigError

_FILE = Path(presets.__file__).with_name("comparisons.json")
_MEASURED = Path(__file__).with_name("measured")


def names() -> list[str]:
    """The ids of all comparisons that are ready, in the order of display."""
    return list(_ready())


def get(name: str) -> Comparison:
    """The comparison of this id. Raises `UnknownNameError`, which lists the ids, where there is none."""
    return _ready()[name]


def measured(name: str) -> list[dict[str, Any]]:
    """What a comparison gave here, a report (`report.tree`) for each length of its runs, the shortest first.

    Made by `python -m benchmarks.comparisons`; [] where it has not been measured.
    """
    found = [json.loads(file.read_text(encoding="utf-8")) for file in _MEASURED.glob(f"{name}-*.json")]
    return sorted(found, key=lambda report: report["comparison"]["steps"] or 0)


@cache
def _ready() -> Catalog[Comparison]:
    raw = json.loads(_FILE.read_text(encoding="utf-8"))
    return Catalog("comparison", {name: _comparison(name, fields) for name, fields in raw.items()})


def _comparison(name: str, fields: dict[str, Any]) -> Comparison:
    preset, settings = fields.pop("base"), fields.pop("settings", {})
    base = presets.load(preset).with_values(settings)
    axes = [_axis(axis) for axis in fields.pop("axes")]
    return comparison(id=name, base=base, axes=axes, **fields)


def _axis(axis: dict[str, Any]) -> dict[str, Any] | Axis:
    """An axis in full, or one over setting values: {"keys": [...], "over": [...]}, {"optimizers": [...]}."""
    match axis:
        case {"optimizers": chosen}:
            return Axis.of_optimizers(chosen)
        case {"keys": keys, "over": values}:
            return Axis.of(keys, values, axis.get("title", ""))
        case {"variants": _}:
            return axis
    raise ConfigError(f"An axis needs variants, optimizers, or keys and over; it has {', '.join(axis)}")

"""Named experiments. They are data: the JSON files beside this one, a file for each group, a line for each setting.

Settings are spelt as everywhere else ("optimizer_g.lr"). What a preset does not name is `TrainConfig`'s default, or,
with "like", as in the preset named there.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gan_core.config import SETTINGS, TrainConfig
from gan_core.config.catalog import DATASETS, Catalog, Kind

_GROUPS = ("start", "points", "digits", "pictures", "cures", "related", "style", "trouble")  # in order of display
_TYPICAL: dict[Kind, str] = {"images": "mnist-quick", "points": "ring8"}  # whose networks to take when the kind changes
_SHAPED_BY_KIND = ("generator.", "discriminator.", "latent.", "record.samples")


@dataclass(frozen=True)
class Preset:
    """An experiment and what to know of it. The texts are one to three plain sentences, for the screen."""

    id: str
    title: str
    group: str
    source: str  # whose recipe it is
    reported: str  # what the source says it gave; "" where it says nothing
    look_for: str  # what to watch on screen
    choices: str  # where the source is silent or its data cannot be had: what was chosen instead; "" where nothing was
    minutes: float  # rough time on two CPU cores
    config: TrainConfig


def names() -> list[str]:
    """The ids of all presets, in the order of display."""
    return list(_presets())


def get(name: str) -> Preset:
    """The preset with this id. Raises `UnknownNameError`, which lists the ids, where there is none."""
    return _presets()[name]


def load(name: str) -> TrainConfig:
    """The config of the preset with this id. Raises `UnknownNameError` where there is none."""
    return get(name).config


def fit_to(config: TrainConfig, dataset: str) -> TrainConfig:
    """The same experiment on other data: what cannot work there is swapped, all else stays.

    From images to points or back, the networks and the latent space become those of a typical preset. Between images
    of unlike size, a network gets as many stages more or fewer as there are halvings between the sizes. Data without
    classes leave nothing to be told of, so the condition goes.

    Raises:
        UnknownNameError: there is no such data set.
    """
    if dataset == config.data.name:
        return config
    kind = DATASETS[dataset].kind
    model = config if config.dataset.kind == kind else load(_TYPICAL[kind])
    values = {key: setting.default for key, setting in SETTINGS.items() if key.startswith("data.")}
    values["data.name"] = dataset
    values |= {key: model.value(key) for key in SETTINGS if key.startswith(_SHAPED_BY_KIND)}
    if not DATASETS[dataset].classes:
        values["condition.name"] = "none"
    if kind == "images":
        old, new = model.shape[-1], DATASETS[dataset].size
        for key in ("generator.depth", "discriminator.depth"):
            values[key] = max(1, min(model.value(key) + _stages(new) - _stages(old), int(math.log2(new // 2))))
    return config.with_values(values)


def _stages(side: int) -> int:
    """Halvings that leave a picture of this side 4 to 7 pixels wide, the usual base of a DCGAN."""
    return max(1, int(math.log2(side / 4)))


def read(path: str | Path) -> list[str]:
    """Offer the presets of a JSON file of your own, laid out as those beside this one; their ids.

    Raises:
        ValueError: an id is taken. It is `ConfigError` where settings are wrong; then none of the file is offered.
    """
    own = _file(Path(path))
    offered = {name: _preset(name, _raw() | own) for name in own}
    if taken := [name for name in own if name in _presets()]:
        raise ValueError(f'the preset "{taken[0]}" exists already')
    _raw().update(own)
    for name, preset in offered.items():
        _presets().add(name, preset)
    return list(offered)


@cache
def _presets() -> Catalog[Preset]:
    return Catalog("preset", {name: _preset(name, _raw()) for name in _raw()})


@cache
def _raw() -> dict[str, dict[str, Any]]:
    """Every preset as its file says it, with the file's group."""
    files = (_file(Path(__file__).with_name(f"{name}.json")) for name in _GROUPS)
    return {name: preset for file in files for name, preset in file.items()}


def _file(path: Path) -> dict[str, dict[str, Any]]:
    file = json.loads(path.read_text(encoding="utf-8"))
    return {name: {"group": file["group"], **preset} for name, preset in file["presets"].items()}


def _preset(name: str, raw: dict[str, dict[str, Any]]) -> Preset:
    fields = _inherited(name, raw)
    config = TrainConfig().with_values({"preset": name, **fields.pop("settings")})
    return Preset(id=name, config=config, **{"choices": "", **fields})


def _inherited(name: str, raw: dict[str, dict[str, Any]]) -> dict[str, Any]:
    own = dict(raw[name])
    if "like" not in own:
        return own
    parent = _inherited(own.pop("like"), raw)
    return {**parent, **own, "settings": {**parent["settings"], **own["settings"]}}


# ---- as text --------------------------------------------------------------------------------------------------------


def duration(minutes: float) -> str:
    """A rough time in the words of a person: "20 s", "4 min", "3 h"."""
    if minutes < 1:
        return f"{minutes * 60:.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.0f} h"

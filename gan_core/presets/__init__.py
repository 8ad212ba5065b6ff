"""Named experiments: the JSON files in this folder, one for each group of presets.

A preset lists settings by their dotted keys ("optimizer_g.lr"). The others have `TrainConfig`'s defaults, or the values
of the preset that "like" names.
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
_TYPICAL: dict[Kind, str] = {
    "images": "mnist-quick",
    "points": "ring8",
}  # the preset whose networks fit this kind of data
_SHAPED_BY_KIND = ("generator.", "discriminator.", "latent.", "record.samples")


@dataclass(frozen=True)
class Preset:
    """An experiment with its description. `source` to `choices` are one to three sentences each."""

    id: str
    title: str
    group: str
    source: str  # the publication or project that the settings come from
    reported: str  # the results that the source reports, or ""
    look_for: str  # what to watch on the screen
    choices: str  # settings and data that differ from the source, or that the source does not state; or ""
    minutes: float  # approximate time on two CPU cores
    config: TrainConfig


def names() -> list[str]:
    """The ids of all presets, in the order of display."""
    return list(_presets())


def get(name: str) -> Preset:
    """The preset with this id. Raises `UnknownNameError`, which lists the ids, if there is none."""
    return _presets()[name]


def load(name: str) -> TrainConfig:
    """The config of the preset with this id. Raises `UnknownNameError` if there is none."""
    return get(name).config


def title(name: str) -> str:
    """The title of the preset with this id; "custom" for the id of a config that began as no known preset."""
    return get(name).title if name in _presets() else "custom"


def fit_to(config: TrainConfig, dataset: str, size: int | None = None) -> TrainConfig:
    """The same experiment on another data set, with only the changes that it needs.

    From images to points or back, the networks and the latent space become those of a typical preset. Between images
    of different sizes, the networks get one stage more or fewer for each factor of two. A data set without classes
    makes the GAN unconditional.

    Args:
        size: side in pixels that the images are resized to; None for the data set's own size.

    Raises:
        UnknownNameError: there is no such data set.
    """
    if dataset == config.data.name:
        return config
    kind = DATASETS[dataset].kind
    model = config if config.dataset.kind == kind else load(_TYPICAL[kind])
    values = {key: setting.default for key, setting in SETTINGS.items() if key.startswith("data.")}
    values |= {"data.name": dataset, "data.size": size if kind == "images" else None}
    values |= {key: model.value(key) for key in SETTINGS if key.startswith(_SHAPED_BY_KIND)}
    if not DATASETS[dataset].classes:
        values["condition.name"] = "none"
    if kind == "images":
        values |= _depths(model, size or DATASETS[dataset].size)
    return config.with_values(values)


def fit_to_side(config: TrainConfig, side: int) -> TrainConfig:
    """The same experiment on the same images at another side in pixels; the networks get as deep as by `fit_to`."""
    return config.with_values({"data.size": side, **_depths(config, side)})


def _depths(config: TrainConfig, side: int) -> dict[str, int]:
    """How deep the networks of a config become for images of another side."""
    more, deepest = _stages(side) - _stages(config.shape[-1]), int(math.log2(side // 2))
    keys = ("generator.depth", "discriminator.depth")
    return {key: max(1, min(config.value(key) + more, deepest)) for key in keys}


def _stages(side: int) -> int:
    """The number of halvings that reduce an image of this side to 4 to 7 pixels, the smallest layer of a DCGAN."""
    return max(1, int(math.log2(side / 4)))


def read(path: str | Path) -> list[str]:
    """Add the presets of a JSON file in the format of the files in this folder, and return their ids.

    Raises:
        ValueError: an id is taken, or settings are wrong (`ConfigError`). Then none of the presets is added.
    """
    raw = _file(Path(path))
    added = {name: _preset(name, _raw() | raw) for name in raw}
    if taken := [name for name in raw if name in _presets()]:
        raise ValueError(f'the preset "{taken[0]}" already exists')
    _raw().update(raw)
    for name, preset in added.items():
        _presets().add(name, preset)
    return list(added)


@cache
def _presets() -> Catalog[Preset]:
    return Catalog("preset", {name: _preset(name, _raw()) for name in _raw()})


@cache
def _raw() -> dict[str, dict[str, Any]]:
    """Every preset as it is in its file, with the group of the file."""
    files = (_file(Path(__file__).with_name(f"{name}.json")) for name in _GROUPS)
    return {name: preset for file in files for name, preset in file.items()}


def _file(path: Path) -> dict[str, dict[str, Any]]:
    file = json.loads(path.read_text(encoding="utf-8"))
    return {name: {"group": file["group"], **preset} for name, preset in file["presets"].items()}


def _preset(name: str, raw: dict[str, dict[str, Any]]) -> Preset:
    fields = inherited(name, raw)
    config = TrainConfig().with_values({"preset": name, **fields.pop("settings")})
    return Preset(id=name, config=config, **{"choices": "", **fields})


def inherited(name: str, raw: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The fields of an entry with those of the entry that it is "like"; its own settings are added to the other's."""
    fields = dict(raw[name])
    if "like" not in fields:
        return fields
    parent = inherited(fields.pop("like"), raw)
    return {**parent, **fields, "settings": {**parent["settings"], **fields["settings"]}}


def minutes_of(config: TrainConfig, examples: int) -> float:
    """Approximate minutes on two CPU cores of a config that differs from its preset in the pictures and the length.

    Raises `UnknownNameError` if its preset is unknown.
    """
    preset = get(config.preset)
    steps = preset.config.total_steps(preset.config.dataset.length)
    pixels = (config.shape[-1] / preset.config.shape[-1]) ** 2
    return preset.minutes * pixels * config.total_steps(examples) / steps


def duration(minutes: float) -> str:
    """An approximate time: "20 s", "4 min", "3 h"."""
    if minutes < 1:
        return f"{minutes * 60:.0f} s"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.0f} h"

"""The runs that are shipped: how each was trained, and how a run is packed to be small.

A recipe is data, in the JSON file beside this one: a preset, the settings that differ, and the steps whose checkpoints
are kept. `python -m gan_core pretrain NAME` follows it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import Catalog
from gan_core.runs import checkpoint
from gan_core.runs.run import Run

_KEPT_WHOLE = ("config.json", "about.json", "metrics.csv", "evals.csv", "events.jsonl")


@dataclass(frozen=True)
class Recipe:
    """How one shipped run is trained."""

    title: str
    config: TrainConfig
    checkpoints: tuple[int, ...]  # steps; training ends at the last

    @property
    def steps(self) -> int:
        return self.checkpoints[-1]


@cache
def recipes() -> Catalog[Recipe]:
    """All recipes by the name of their run. An unknown name raises `UnknownNameError`, which lists the names."""
    raw = json.loads(Path(__file__).with_name("pretrained.json").read_text(encoding="utf-8"))
    return Catalog("pretrained run", {name: _recipe(_inherited(name, raw)) for name in raw})


def pack(run: Run, recipe: Recipe, folder: Path) -> Run:
    """Copy to `folder` what is shipped of a trained run, in place of what is there: no state to train on from.

    Weights are in half precision. `Run.model` reads them.

    Raises:
        OSError: the disk refuses; what was there stays.
    """
    fresh = folder.with_name(f".unfinished-{folder.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "samples").mkdir(parents=True)
    for name in _KEPT_WHOLE:
        if (run.path / name).exists():
            shutil.copy2(run.path / name, fresh)
    for step in (0, *recipe.checkpoints):
        for frame in (run.path / "samples").glob(f"step-{step:07d}.*"):
            shutil.copy2(frame, fresh / "samples")
    for step in recipe.checkpoints:
        name = f"step-{step:07d}"
        (fresh / name).mkdir()
        for network, weights in checkpoint.networks(run.path / name).items():
            save_file({key: _half(value) for key, value in weights.items()}, fresh / name / f"{network}.safetensors")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return Run(folder)


def _half(value: torch.Tensor) -> torch.Tensor:
    return value.half() if value.is_floating_point() else value


def _recipe(fields: Mapping[str, Any]) -> Recipe:
    config = presets.load(fields["preset"]).with_values(fields["settings"])
    return Recipe(fields["title"], config, tuple(fields["checkpoints"]))


def _inherited(name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    own = raw[name]
    if "like" not in own:
        return dict(own)
    parent = _inherited(own["like"], raw)
    return {**parent, **own, "settings": {**parent["settings"], **own["settings"]}}

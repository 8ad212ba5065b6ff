"""The recipes of the shipped runs, and the small copy of a run that is shipped.

A recipe in pretrained.json is a preset, the settings that differ, and the steps whose checkpoints are kept.
`python -m gan_core pretrain NAME` trains it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from gan_core import data, latent, presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import Catalog
from gan_core.data.faces import face_attributes
from gan_core.metrics import feature_classifier
from gan_core.runs import checkpoint, direction_names
from gan_core.runs.run import Run

_COPIED_FILES = ("config.json", "about.json", "metrics.csv", "evals.csv", "events.jsonl")
_CLEAR = 0.7  # least share of latents in which a named direction must change its attribute


@dataclass(frozen=True)
class Recipe:
    """The training of one shipped run."""

    title: str
    config: TrainConfig
    checkpoints: tuple[int, ...]  # steps; training ends at the last
    directions: Mapping[str, str] = field(default_factory=dict)  # attribute by name of its direction

    @property
    def steps(self) -> int:
        return self.checkpoints[-1]


@cache
def recipes() -> Catalog[Recipe]:
    """All recipes by run id. An unknown id raises `UnknownNameError`, which lists the ids."""
    raw = json.loads(Path(__file__).with_name("pretrained.json").read_text(encoding="utf-8"))
    found = {}
    for name in raw:
        fields = presets.inherited(name, raw)
        config = presets.load(fields["preset"]).with_values(fields["settings"])
        found[name] = Recipe(fields["title"], config, tuple(fields["checkpoints"]), fields.get("directions", {}))
    return Catalog("pretrained run", found)


def ship(run: Run, recipe: Recipe, folder: Path) -> Run:
    """Replace `folder` by the shipped part of a trained run: records, a few pictures, weights in half precision.

    Raises `OSError` if a checkpoint is missing, or the disk refuses; the old folder stays.
    """
    unfinished = folder.with_name(f".unfinished-{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "samples").mkdir(parents=True)
    for name in _COPIED_FILES:
        if (run.path / name).exists():
            shutil.copy2(run.path / name, unfinished)
    for step in (0, *recipe.checkpoints):
        for frame in (run.path / "samples").glob(f"step-{step:07d}.*"):
            shutil.copy2(frame, unfinished / "samples")
    for step in recipe.checkpoints:
        name = f"step-{step:07d}"
        (unfinished / name).mkdir()
        for network, weights in checkpoint.read_networks(run.path / name).items():
            halved = {key: value.half() if value.is_floating_point() else value for key, value in weights.items()}
            save_file(halved, unfinished / name / f"{network}.safetensors")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return Run(folder)


def name_directions(run: Run, recipe: Recipe, progress: data.Progress) -> dict[str, float]:
    """Measure the recipe's directions in a shipped run and write them into it, made orthogonal, in the given order.

    Returns by name the share of 200 latents whose attribute differs between the two ends of the slider. A direction
    below 70 % gets no name.
    """
    model, measures = run.model(), _measures(recipe, progress)
    found = [latent.attribute_direction(model, measure) for measure in measures.values()]
    vectors = dict(zip(measures, latent.orthonormal(torch.stack(found)), strict=True))
    shares = {name: latent.share_changed(model, measures[name], vector) for name, vector in vectors.items()}
    for name, share in shares.items():
        if share >= _CLEAR:
            direction_names.set_name(run.path, "attributes", vectors[name], name)
    return shares


def _measures(recipe: Recipe, progress: data.Progress) -> dict[str, latent.Measure]:
    """How to measure each attribute: of digits by their shape, of faces by classifiers that are trained here."""
    if all(attribute in latent.SHAPE_ATTRIBUTES for attribute in recipe.directions.values()):
        return {name: latent.SHAPE_ATTRIBUTES[attribute] for name, attribute in recipe.directions.items()}
    dataset, attributes = data.load(recipe.config, progress), face_attributes(recipe.config)

    def trained(attribute: str) -> latent.Measure:
        classes, labels = np.unique(attributes[attribute], return_inverse=True)
        labelled = replace(dataset, labels=torch.from_numpy(labels), classes=tuple(map(str, classes)))
        classifier = feature_classifier.train(labelled, attribute, progress)
        return lambda samples: classifier.classify(samples).probabilities

    return {name: trained(attribute) for name, attribute in recipe.directions.items()}

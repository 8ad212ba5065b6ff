"""The settings that change along with another one: one rule for the form, the command line and forks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_core import presets
from gan_core.config import SETTINGS, TrainConfig
from gan_core.config.catalog import DATASETS, DISCRIMINATORS, GENERATORS, OPTIMIZERS

_STEPS = 10_000  # of a run on pictures of unknown number: in epochs, a run on a few would last a few steps
_FAMILIES = {"generator": GENERATORS, "discriminator": DISCRIMINATORS}


def apply_changes(config: TrainConfig, changes: Mapping[str, Any]) -> tuple[TrainConfig, dict[str, Any]]:
    """The config with `changes`, and the other settings that changed along with them, with their new values.

    Another data set fits the networks to its samples. The user's own pictures, which may be few, bring adaptive
    augmentation and a length in steps instead of epochs, and another path of pictures has other classes. Another
    optimiser brings its learning rate. A family without spectral normalisation turns it off. A network without biases
    gets biases when its normalisation is turned off: with ReLUs it would be homogeneous, f(a x) = a f(x) for a > 0, and
    the sign of such a D does not depend on the contrast. A value in `changes` always takes precedence.

    Raises:
        ConfigError: an unknown setting, a bad value, or settings that contradict each other.
    """
    fitted = config
    if (dataset := changes.get("data.name", config.data.name)) != config.data.name and dataset in DATASETS:
        size = TrainConfig().with_values({"data.size": changes.get("data.size")}).data.size
        fitted = presets.fit_to(config, dataset, size)
    follow_ups: dict[str, Any] = {}
    for key, value in changes.items():
        if key in SETTINGS and value != config.value(key):
            follow_ups |= _follow_ups(fitted, key, value)
    changed = fitted.with_values({**follow_ups, **changes})
    return changed, {key: value for key, value in changed.changes_from(config).items() if key not in changes}


def _follow_ups(config: TrainConfig, key: str, value: Any) -> dict[str, Any]:
    section, _, leaf = key.rpartition(".")
    if key == "data.name" and value in DATASETS and DATASETS[value].needs == "files":
        return {"max_steps": config.max_steps or _STEPS} | ({} if config.augment.is_on else {"augment.adaptive": 0.6})
    if key == "data.path" and config.data.classes:
        return {"data.classes": ()}
    if section.startswith("optimizer") and leaf == "name" and value in OPTIMIZERS:
        return {f"{section}.lr": OPTIMIZERS[value].lr}
    if section in _FAMILIES and leaf == "name" and value in _FAMILIES[section]:
        return {} if "spectral" in _FAMILIES[section][value].reads else {f"{section}.spectral": False}
    if section in _FAMILIES and leaf == "norm" and value == "none" and config.value(f"{section}.bias") == "never":
        return {f"{section}.bias": "auto"}
    return {}

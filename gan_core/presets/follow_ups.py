"""What sensibly changes along with a setting: one rule for the form, the command line and a fork."""

from __future__ import annotations

from typing import Any

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import DISCRIMINATORS, GENERATORS, OPTIMIZERS


def with_follow_ups(config: TrainConfig, key: str, value: Any) -> dict[str, Any]:
    """The change, and what sensibly changes with it.

    Another optimiser brings its own learning rate; a family that cannot be normalised spectrally ends that.
    """
    section, _, leaf = key.rpartition(".")
    if section.startswith("optimizer") and leaf == "name":
        return {key: value, f"{section}.lr": OPTIMIZERS[value].lr}
    families = {"generator": GENERATORS, "discriminator": DISCRIMINATORS}
    if section in families and leaf == "name" and "spectral" not in families[section][value].reads:
        return {key: value, f"{section}.spectral": False}
    if key == "data.name":
        return presets.fit_to(config, value).changes_from(config)
    return {key: value}

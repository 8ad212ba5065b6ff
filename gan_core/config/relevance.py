"""Which settings have an effect under the other settings of a config."""

from __future__ import annotations

from gan_core.config.catalog import DISCRIMINATORS, GENERATORS, OPTIMIZERS
from gan_core.config.train_config import SETTINGS, TrainConfig

_EVERY_NETWORK = ("output", "batch_layer", "head")  # every family reads these
_EVERY_IMAGE_SET = ("size", "channels", "count")


def is_used(config: TrainConfig, key: str) -> bool:
    """Whether the setting has an effect. A DCGAN, for example, does not read the widths of an MLP's hidden layers."""
    section, _, leaf = key.rpartition(".")
    if section == "condition":
        return config.dataset.may_have_classes and (leaf == "name" or config.condition.name != "none")
    if section == "augment":
        return config.dataset.kind == "images"
    if leaf == "name" or not section:
        return True
    if section in ("generator", "discriminator"):
        entry = (GENERATORS if section == "generator" else DISCRIMINATORS)[config.value(f"{section}.name")]
        needs = {"slope": ("activation", "leaky-relu"), "norm_first": ("norm", "batch"), "init_std": ("init", "normal")}
        if leaf in needs and config.value(f"{section}.{needs[leaf][0]}") != needs[leaf][1]:
            return False
        return leaf in _EVERY_NETWORK or leaf in entry.reads
    if section in ("optimizer_g", "optimizer_d"):
        return leaf == "lr" or leaf in OPTIMIZERS[config.value(f"{section}.name")].reads
    if section == "penalty":
        return leaf in SETTINGS["penalty.name"].catalog[config.penalty.name].reads  # type: ignore[index]
    if section == "data" and config.dataset.kind == "points":
        return leaf == "count"
    if key == "data.labels" and config.condition.name == "none":
        return False
    if section == "data":
        return leaf in _EVERY_IMAGE_SET or leaf in config.dataset.reads
    return True

"""The names of the settings on the screen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gan_core.config import SETTINGS, TrainConfig
from gan_core.config.schema import as_text

_NAMES = {
    "loss.name": "Loss",
    "optimizer_g.lr": "G learning rate",
    "optimizer_d.lr": "D learning rate",
    "n_critic": "D steps a round (k)",
    "batch_size": "Batch size",
    "epochs": "Epochs",
    "max_steps": "Steps",
    "optimizer_g.name": "G optimiser",
    "optimizer_d.name": "D optimiser",
    "lr_decay": "Decay of both rates",
    "ema_decay": "Averaging of G's weights",
    "g_steps": "G steps a round",
    "reuse_fakes": "G learns on D's fakes",
    "generator.name": "Family",
    "discriminator.name": "Family",
    "penalty.name": "Penalty on D",
    "loss.combine": "D's two terms",
    "data.name": "Data set",
    "data.labels": "Classes",
    "condition.name": "Tell the class",
    "condition.dim": "Numbers for a class",
    "augment.translation": "DiffAugment shift",
    "augment.cutout": "DiffAugment cutout",
    "augment.color": "DiffAugment colour",
    "augment.adaptive": "Adaptive augmentation",
    "local_pairs": "Local pairs (SGAN)",
    "generator.mapping": "Mapping layers",
    "latent.dim": "Length of z",
    "record.tensorboard": "TensorBoard event files",
    "latent.distribution": "Distribution of z",
    "channels_last": "Channels last",
    "cuda_graph": "CUDA graphs",
}
_OF_NETWORKS = {  # the same for G and D
    "spectral": "Spectral normalisation",
    "blocks": "Blocks at each size",
    "batch_layer": "Layer across the batch",
    "norm": "Normalisation",
    "norm_first": "Normalise first layer",
    "init": "Initial weights",
    "init_std": "Deviation of weights",
}


def label(key: str) -> str:
    """The name of a setting on the screen."""
    if key in _NAMES:
        return _NAMES[key]
    section, _, leaf = key.rpartition(".")
    if section in ("generator", "discriminator") and leaf in _OF_NETWORKS:
        return _OF_NETWORKS[leaf]
    words = leaf.replace("_", " ").replace("lr", "learning rate")
    prefix = {"optimizer_g": "G ", "optimizer_d": "D "}.get(section, "")
    return prefix + words if prefix else words[0].upper() + words[1:]


def in_words(text: str) -> str:
    """A recorded change with the names of its settings: "optimizer_g.lr 0.001" as "G learning rate 0.001"."""
    return re.sub(r"\b([a-z_.]+)[ =]", lambda found: f"{label(found[1])} " if found[1] in SETTINGS else found[0], text)


def changes(before: TrainConfig, values: Mapping[str, Any], most: int = 100) -> str:
    """The settings that `values` changes, at most `most` of them: "D learning rate 0.0002 → 0.0001"; "" for none."""
    changed = [
        f"{label(key)} {as_text(before.value(key))} → {as_text(new)}"
        for key, new in values.items()
        if before.value(key) != new
    ]
    more = f" and {len(changed) - most} more" if len(changed) > most else ""
    return ", ".join(changed[:most]) + more

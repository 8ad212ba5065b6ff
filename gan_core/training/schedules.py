"""The settings whose values fall over the planned length of a run: learning rates and instance noise."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.system.devices import capabilities


def learning_rate_share(config: TrainConfig, step: int, examples: int) -> float:
    """The share of both learning rates that is in use after `step` steps on `examples` examples, in [0, 1]."""
    return config.share_left(step, examples) if config.lr_decay == "linear" else 1.0


def instance_noise(config: TrainConfig, step: int, examples: int, device: torch.device) -> Tensor | None:
    """The standard deviation of the noise on D's inputs, as a tensor () that a recorded step can read; None for 0."""
    sigma = config.instance_noise and config.instance_noise * config.share_left(step, examples)
    return torch.full((), sigma, dtype=capabilities(device).widest, device=device) if sigma else None


def jump(before: TrainConfig, after: TrainConfig, step: int, examples: int) -> str:
    """How another length of the run changes these values at `step`, as text; "" if it does not.

    For example "learning rates 0 % → 50 %, noise on D's inputs 0 % → 50 %".
    """
    configs = before, after
    shares = {"learning rates": [learning_rate_share(config, step, examples) for config in configs]}
    if after.instance_noise:
        shares["noise on D's inputs"] = [config.share_left(step, examples) for config in configs]
    return ", ".join(f"{name} {a:.0%} → {b:.0%}".replace("%", " %") for name, (a, b) in shares.items() if a != b)

"""Optimisers: from a catalogue line and a config to a `torch.optim` optimiser, and new rates into a running one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from gan_core.acceleration.fused_adam import Adam, AdamW
from gan_core.config import OptimizerConfig
from gan_core.config.catalog import OPTIMIZERS


def build(config: OptimizerConfig, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """A fresh optimiser of `parameters`; one fused kernel does its step where torch has one (CPU and CUDA).

    Raises:
        catalog.UnknownNameError: there is no such optimiser.
    """
    kind: Callable[..., torch.optim.Optimizer] = OPTIMIZERS[config.name].load()
    parameters, arguments = list(parameters), _arguments(config)
    if "fused" in inspect.signature(kind).parameters:
        arguments["fused"] = all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
        kind = _QUICKER.get(kind, kind) if arguments["fused"] else kind
    return kind(parameters, **arguments)


def retune(optimizer: torch.optim.Optimizer, config: OptimizerConfig, lr_factor: float = 1.0) -> None:
    """Give a running optimiser the rates of `config`, its learning rate times `lr_factor`; its state stays.

    `config` must name the optimiser's own kind.
    """
    arguments = _arguments(config)
    arguments["lr"] *= lr_factor
    for group in optimizer.param_groups:
        group.update(arguments)


def descend(optimizer: torch.optim.Optimizer, gradients: list[Tensor | None]) -> None:
    """One step of the optimiser down these gradients, one for each of its parameters."""
    for parameter, gradient in zip(optimizer.param_groups[0]["params"], gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()


def tensors_per_weight(config: OptimizerConfig) -> int:
    """How many numbers the optimiser remembers for each weight: 0 for plain SGD, 2 for Adam."""
    return sum(remembers(config).values())


def remembers(config: OptimizerConfig) -> dict[str, bool]:
    """What the optimiser remembers of a parameter, and whether a number for each weight. Found by one tiny step."""
    weights = nn.Parameter(torch.zeros(2))
    weights.grad = torch.zeros(2)
    optimizer = build(config, [weights])
    optimizer.step()
    kept = optimizer.state[weights]
    return {name: value.shape == weights.shape for name, value in kept.items() if isinstance(value, torch.Tensor)}


def _arguments(config: OptimizerConfig) -> dict[str, Any]:
    """The config's fields that this optimiser reads, under torch's names for them."""
    fields = {name: getattr(config, name) for name in OPTIMIZERS[config.name].reads}
    if "beta1" in fields:
        fields["betas"] = (fields.pop("beta1"), fields.pop("beta2"))
    return {"lr": config.lr, **fields}


_QUICKER: dict[Any, Callable[..., torch.optim.Optimizer]] = {torch.optim.Adam: Adam, torch.optim.AdamW: AdamW}

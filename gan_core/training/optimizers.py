"""Optimisers of `torch.optim`: built from a config, updated while they run, and stepped."""

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
    """A new optimiser of `parameters`, with a fused kernel if PyTorch has one for it on their device.

    Raises:
        catalog.UnknownNameError: there is no such optimiser.
    """
    kind: Callable[..., torch.optim.Optimizer] = OPTIMIZERS[config.name].load()
    parameters, arguments = list(parameters), _arguments(config)
    if "fused" in inspect.signature(kind).parameters:
        arguments["fused"] = all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
        kind = _FASTER.get(kind, kind) if arguments["fused"] else kind
    return kind(parameters, **arguments)


def update_settings(optimizer: torch.optim.Optimizer, config: OptimizerConfig, lr_factor: float = 1.0) -> None:
    """Set the settings of `config`, of the same kind of optimiser, with its learning rate times `lr_factor`."""
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
    """Tensors of a weight's shape in the optimiser's state: 0 for plain SGD, 2 for Adam."""
    return sum(state_tensors(config).values())


def state_tensors(config: OptimizerConfig) -> dict[str, bool]:
    """Entries of the optimiser's state after one step, by name; True if an entry has the shape of its parameter."""
    weights = nn.Parameter(torch.zeros(2))
    weights.grad = torch.zeros(2)
    optimizer = build(config, [weights])
    optimizer.step()
    state = optimizer.state[weights]
    return {name: value.shape == weights.shape for name, value in state.items() if isinstance(value, Tensor)}


def _arguments(config: OptimizerConfig) -> dict[str, Any]:
    """The settings that this optimiser reads, under PyTorch's names."""
    fields = {name: getattr(config, name) for name in OPTIMIZERS[config.name].reads}
    if "beta1" in fields:
        fields["betas"] = (fields.pop("beta1"), fields.pop("beta2"))
    return {"lr": config.lr, **fields}


_FASTER: dict[Any, Callable[..., torch.optim.Optimizer]] = {torch.optim.Adam: Adam, torch.optim.AdamW: AdamW}

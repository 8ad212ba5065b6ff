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
from gan_core.system.devices import capabilities


def build(config: OptimizerConfig, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """A new optimiser of `parameters`, with a fused kernel if PyTorch has one for it on their device.

    Raises:
        catalog.UnknownNameError: there is no such optimiser.
    """
    kind: Callable[..., torch.optim.Optimizer] = OPTIMIZERS[config.name].load()
    parameters, arguments = list(parameters), _arguments(config)
    if "fused" in inspect.signature(kind).parameters:
        arguments["fused"] = all(capabilities(parameter.device).fused_optimizers for parameter in parameters)
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


def check_state(optimizer: torch.optim.Optimizer, state: dict[str, Any], config: OptimizerConfig) -> None:
    """Raise `ValueError` unless `state` is the saved `state_dict` of such an optimiser under `config`.

    Settings that `update_settings` or the device decides may differ. No other hyperparameter may, such as `maximize`.
    """
    expected, decided = state_tensors(config), {*_arguments(config), *_OF_THE_DEVICE}
    for own, saved in zip(optimizer.param_groups, state["param_groups"], strict=True):
        weights = own["params"]
        if saved["params"] != [*range(len(weights))] or state["state"].keys() - {*range(len(weights))}:
            raise ValueError("the optimisers' state is of other weights")
        for name in saved.keys() - {"params", *decided}:  # an earlier PyTorch saved fewer
            if name not in own or saved[name] != own[name]:
                before, now = str(saved[name])[:40], own.get(name)
                raise ValueError(f"the optimisers' state has {name} = {before}, and its config {name} = {now}")
        for index, entry in state["state"].items():
            tensors = {name: value for name, value in entry.items() if value is not None}
            if tensors and tensors.keys() != expected.keys():
                raise ValueError("the optimisers' state lacks a value, or has one too many")
            for name, value in tensors.items():
                shape = weights[index].shape if expected[name] else torch.Size()
                if not isinstance(value, Tensor) or value.shape != shape or not value.isfinite().all():
                    raise ValueError(f"the optimisers' state has a wrong {name}")


_OF_THE_DEVICE = ("fused", "foreach", "capturable", "differentiable")


def _arguments(config: OptimizerConfig) -> dict[str, Any]:
    """The settings that this optimiser reads, under PyTorch's names."""
    fields = {name: getattr(config, name) for name in OPTIMIZERS[config.name].reads}
    if "beta1" in fields:
        fields["betas"] = (fields.pop("beta1"), fields.pop("beta2"))
    return {"lr": config.lr, **fields}


_FASTER: dict[Any, Callable[..., torch.optim.Optimizer]] = {torch.optim.Adam: Adam, torch.optim.AdamW: AdamW}

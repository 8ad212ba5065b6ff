"""The layers of both networks in the order of their calls, with output shapes and parameter counts.

The networks run on the "meta" device, which holds shapes without data, so large networks are as fast as small ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.models.layer_names import label_of
from gan_core.models.layers import set_rng
from gan_core.models.modes import evaluating
from gan_core.models.sgan import Discriminators, Generators

_N = 2  # samples in the forward pass: the minimum for a batch layer


class CardError(ValueError):
    """The networks cannot be built; the message is one sentence."""


@dataclass(frozen=True)
class LayerRow:
    """One layer: its readable name, its output shape for one sample, and the number of its own parameters."""

    name: str
    shape: tuple[int, ...]  # () if the output is one number per sample or no tensor
    parameters: int


def layers(config: TrainConfig) -> tuple[list[LayerRow], list[LayerRow]]:
    """The layers of G and of D. Their parameters sum to `models.count_parameters` of each network.

    Raises `CardError` if the networks cannot be built.
    """
    try:
        generator, discriminator = models.build_meta(config)
        y = torch.zeros(_N, dtype=torch.int64, device="meta") if config.classes else None
        z = torch.empty(_N, config.latent.dim, device="meta")
        samples = torch.empty(_N, *config.shape, device="meta")
        return _rows(generator, z, y), _rows(discriminator, samples, y)
    except Exception as error:  # any error in a family becomes one sentence on the screen
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CardError(f"These two networks cannot be built as they are set: {reason}") from error


def _rows(network: nn.Module, *inputs: Any) -> list[LayerRow]:
    """The layers that one forward pass calls. For SGAN only the global pair runs; the local pairs get one row."""
    rows: list[LayerRow] = []
    counted: set[int] = set()
    set_rng(network, torch.Generator())
    hooks = [module.register_forward_hook(partial(_record_layer, rows, counted)) for module in _layers_of(network)]
    try:
        with torch.no_grad(), evaluating(network):
            network(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    if isinstance(network, Generators | Discriminators):
        n = len(network.local)
        rest = sum(parameter.numel() for parameter in network.parameters() if id(parameter) not in counted)
        rows.append(LayerRow(f"{n} local pair{'s' if n > 1 else ''}, the same again", (), rest))
    else:  # layers that are never called, because another layer reads their weights
        rows += [
            LayerRow(label_of(part), (), count)
            for part in _layers_of(network)
            if (count := _count_own(part, counted)) > 0
        ]
    return rows


def _record_layer(rows: list[LayerRow], counted: set[int], module: nn.Module, inputs: Any, output: Any) -> None:
    shape = tuple(output.shape[1:]) if isinstance(output, torch.Tensor) else ()
    count = _count_own(module, counted)
    reshaped = not inputs or not isinstance(inputs[0], torch.Tensor) or tuple(inputs[0].shape[1:]) != shape
    only_shape = isinstance(module, nn.Flatten | nn.Unflatten | nn.Identity)
    if count or not only_shape or (reshaped and shape):
        rows.append(LayerRow(label_of(module), shape, count))


def _layers_of(network: nn.Module) -> Iterator[nn.Module]:
    """Modules without children, and modules with parameters of their own."""
    for name, module in network.named_modules():
        if "parametrizations" in name.split("."):
            continue
        children = [child for child, _ in module.named_children() if child != "parametrizations"]
        empty = isinstance(module, nn.Sequential | nn.ModuleList) and not children
        if not empty and (not children or _count_own(module, set())):
            yield module


def _count_own(module: nn.Module, counted: set[int]) -> int:
    """Number of this module's own parameters that are not yet in `counted`, including those of a parametrization."""
    parameters = list(module.parameters(recurse=False))
    if parametrize.is_parametrized(module):
        parameters += list(module.parametrizations.parameters())  # type: ignore[union-attr]
    new = [parameter for parameter in parameters if id(parameter) not in counted]
    counted.update(map(id, new))
    return sum(parameter.numel() for parameter in new)

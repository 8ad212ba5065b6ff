"""What a pair of networks is made of: its layers in the order in which they work, with shapes and parameters.

The networks are walked on "meta", a device of shapes alone, so that the card of a network far too large to build is
there as quickly as that of a small one.
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

_N = 2  # samples that are sent through: the least that a batch layer can compare


class CardError(ValueError):
    """Networks that cannot be described; the message is one sentence."""


@dataclass(frozen=True)
class LayerRow:
    """One layer: its name in words, the shape it gives for one sample, and how many numbers of its own it learns."""

    name: str
    shape: tuple[int, ...]  # () where a layer gives one number a sample, or no tensor
    parameters: int


def layers(config: TrainConfig) -> tuple[list[LayerRow], list[LayerRow]]:
    """The layers of G and of D. Their parameters add up to `models.count_parameters` of each.

    Raises:
        CardError: the networks cannot be built.
    """
    try:
        generator, discriminator = models.build_meta(config)
        y = torch.zeros(_N, dtype=torch.int64, device="meta") if config.classes else None
        z = torch.empty(_N, config.latent.dim, device="meta")
        samples = torch.empty(_N, *config.shape, device="meta")
        return _rows(generator, z, y), _rows(discriminator, samples, y)
    except Exception as error:  # whatever a family stumbles over, the screen gets a sentence
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CardError(f"These two networks cannot be built as they are set: {reason}") from error


def _rows(network: nn.Module, *inputs: Any) -> list[LayerRow]:
    """What happens in one pass through the network. Only the shown pair of SGAN's works then; the others follow."""
    rows: list[LayerRow] = []
    counted: set[int] = set()
    set_rng(network, torch.Generator())
    hooks = [module.register_forward_hook(partial(_note, rows, counted)) for module in _parts(network)]
    try:
        with torch.no_grad(), evaluating(network):
            network(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    if isinstance(network, Generators | Discriminators):
        n = len(network.local)
        rows.append(LayerRow(f"{n} local pair{'s' if n > 1 else ''}, the same again", (), _count(network, counted)))
    else:  # layers whose weights another one reads, without calling them
        rows += [LayerRow(label_of(part), (), count) for part in _parts(network) if (count := _own(part, counted)) > 0]
    return rows


def _note(rows: list[LayerRow], counted: set[int], module: nn.Module, inputs: Any, output: Any) -> None:
    shape = tuple(output.shape[1:]) if isinstance(output, torch.Tensor) else ()
    count = _own(module, counted)
    moved = not inputs or not isinstance(inputs[0], torch.Tensor) or tuple(inputs[0].shape[1:]) != shape
    only_shape = isinstance(module, nn.Flatten | nn.Unflatten | nn.Identity)
    if count or not only_shape or (moved and shape):
        rows.append(LayerRow(label_of(module), shape, count))


def _parts(network: nn.Module) -> Iterator[nn.Module]:
    """Modules that do something themselves: those without children, and those with parameters of their own."""
    for name, module in network.named_modules():
        if "parametrizations" in name.split("."):
            continue
        children = [child for child, _ in module.named_children() if child != "parametrizations"]
        empty = isinstance(module, nn.Sequential | nn.ModuleList) and not children
        if not empty and (not children or _own(module, set())):
            yield module


def _own(module: nn.Module, counted: set[int]) -> int:
    """Numbers that this very module learns, what stands behind a normalised weight included; each is counted once."""
    parameters = list(module.parameters(recurse=False))
    if parametrize.is_parametrized(module):
        parameters += list(module.parametrizations.parameters())  # type: ignore[union-attr]
    fresh = [parameter for parameter in parameters if id(parameter) not in counted]
    counted.update(map(id, fresh))
    return sum(parameter.numel() for parameter in fresh)


def _count(network: nn.Module, counted: set[int]) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if id(parameter) not in counted)

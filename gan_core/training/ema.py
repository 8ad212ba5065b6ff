"""The exponential moving average of G's weights. Its samples vary less from step to step than the samples of G."""

from __future__ import annotations

import copy

import torch
from torch import nn


def average_of(network: nn.Module) -> nn.Module:
    """A copy of `network` that holds its average, in evaluation mode and without gradients."""
    return copy.deepcopy(network).eval().requires_grad_(False)


@torch.no_grad()
def blend(average: nn.Module, network: nn.Module, decay: float, steps: int) -> None:
    """average <- keep * average + (1 - keep) * network, for parameters and running statistics.

    `keep` rises to `decay` over the first steps. Otherwise the initial weights would dominate the average for
    1 / (1 - decay) steps.
    """
    keep = min(decay, (1 + steps) / (10 + steps))
    averages, values = (list(net.parameters()) + list(net.buffers()) for net in (average, network))
    floats = [(a, b) for a, b in zip(averages, values, strict=True) if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - keep)

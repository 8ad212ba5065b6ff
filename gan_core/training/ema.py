"""A moving average of a network's weights: what one looks at while the network itself still jitters."""

from __future__ import annotations

import copy

import torch
from torch import nn


def average_of(network: nn.Module) -> nn.Module:
    """A copy of `network` to hold its average: never trained, always in evaluation mode."""
    return copy.deepcopy(network).eval().requires_grad_(False)


@torch.no_grad()
def blend(average: nn.Module, network: nn.Module, decay: float, steps: int) -> None:
    """Move `average` towards `network`: average <- keep * average + (1 - keep) * network, statistics of norms included.

    `keep` rises to `decay` over the first `steps`; without that the average would show the random start for some
    1 / (1 - decay) steps.
    """
    keep = min(decay, (1 + steps) / (10 + steps))
    ours, theirs = (list(net.parameters()) + list(net.buffers()) for net in (average, network))
    floats = [(a, b) for a, b in zip(ours, theirs, strict=True) if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - keep)

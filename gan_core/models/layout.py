"""How a convolution's images lie in memory: channel after channel, or with each pixel's channels side by side.

Only what flows through a network is laid out so. Weights stay as they are, and with them optimisers and checkpoints.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def lay_channels_last(network: nn.Module) -> None:
    """Let its convolutions compute, from now on, on images (N, C, H, W) whose numbers lie as (N, H, W, C)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_pre_hook(_laid_out)


def _laid_out(layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """A copy only where the layer before has answered in the other layout, as transposed convolutions on a CPU do."""
    x, *rest = inputs
    return x.contiguous(memory_format=torch.channels_last), *rest

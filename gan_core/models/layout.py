"""How a convolution's images lie in memory: channel after channel, or with each pixel's channels side by side.

Only what flows through a network is laid out so. Weights stay as they are, and with them optimisers and checkpoints.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_core.config import TrainConfig
from gan_core.models.products import onednn_is_faster


def lay_out(network: nn.Module, config: TrainConfig) -> None:
    """Let its convolutions compute, from now on, on images (N, C, H, W) in the layout that they shall have."""
    if is_channels_last(config):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                layer.register_forward_pre_hook(_always if config.channels_last else _on_a_cpu)


def is_channels_last(config: TrainConfig) -> bool:
    """Whether numbers lie as (N, H, W, C): as the config wants, and on a CPU on which that is faster.

    That is so of colour pictures on AMD's processors with AVX-512; grey ones lose by it (docs/performance.md).
    """
    return config.channels_last or (len(config.shape) == 3 and config.shape[0] > 1 and onednn_is_faster())


def _always(layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """A copy only where the layer before has answered in the other layout, as transposed convolutions on a CPU do."""
    x, *rest = inputs
    return x.contiguous(memory_format=torch.channels_last), *rest


def _on_a_cpu(layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return _always(layer, inputs) if inputs[0].device.type == "cpu" else inputs

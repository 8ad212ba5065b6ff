"""The memory format of convolutions: contiguous (channel by channel) or channels last (pixel by pixel).

Only activations and their gradients change format. Weights, and so optimisers and checkpoints, stay contiguous.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_core.config import TrainConfig

_CONTIGUOUS, _CHANNELS_LAST = torch.contiguous_format, torch.channels_last
_CONVOLUTIONS = nn.Conv2d, nn.ConvTranspose2d


def lay_out(network: nn.Module, config: TrainConfig) -> None:
    """Make the network's convolutions compute in the memory format of `is_channels_last`, by hooks on its layers.

    The format changes once where images become flat vectors or vectors become images.
    """
    layers, anywhere = [*network.modules()], config.channels_last  # the setting also holds on CUDA
    if is_channels_last(config) and any(isinstance(layer, _CONVOLUTIONS) for layer in layers):
        for layer in layers:
            if isinstance(layer, _CONVOLUTIONS):
                layer.register_forward_pre_hook(
                    lambda layer, inputs: (_in_format(inputs[0], _CHANNELS_LAST, anywhere), *inputs[1:])
                )
            elif isinstance(layer, nn.Flatten):
                layer.register_forward_pre_hook(lambda layer, inputs: (_in_format(inputs[0], _CONTIGUOUS, anywhere),))
            elif isinstance(layer, nn.Unflatten):
                layer.register_forward_hook(lambda layer, inputs, images: _in_format(images, _CHANNELS_LAST, anywhere))


def is_channels_last(config: TrainConfig) -> bool:
    """Whether images are stored as (N, H, W, C): if the config asks for it, or on a CPU on which it is faster."""
    return config.channels_last or (len(config.shape) == 3 and is_faster())


def is_faster() -> bool:
    """Whether channels last is faster on this CPU: with oneDNN on AVX2 or AVX-512 (docs/performance.md)."""
    return torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def _in_format(x: Tensor, memory_format: torch.memory_format, anywhere: bool) -> Tensor:
    """`x` in this memory format; its gradient gets the format that `x` had.

    By default PyTorch leaves a gradient in its own format, and layers are slow on a mix of both.
    """
    if x.ndim != 4 or not (anywhere or x.device.type == "cpu"):
        return x
    result = x.to(memory_format=memory_format)
    if result.requires_grad and result is not x:
        original = _CONTIGUOUS if x.is_contiguous() else _CHANNELS_LAST
        result.register_hook(lambda grad: grad if grad is None else grad.to(memory_format=original))  # None: all zeros
    return result

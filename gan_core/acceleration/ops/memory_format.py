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

    Inputs of convolutions and outputs of `Unflatten` become channels last; inputs of `Flatten` become contiguous.
    """
    layers, on_any_device = [*network.modules()], config.channels_last  # without the setting, on a CPU only
    if is_channels_last(config) and any(isinstance(layer, _CONVOLUTIONS) for layer in layers):
        for layer in layers:
            if isinstance(layer, _CONVOLUTIONS):
                layer.register_forward_pre_hook(
                    lambda layer, inputs: (_in_format(inputs[0], _CHANNELS_LAST, on_any_device), *inputs[1:])
                )
            elif isinstance(layer, nn.Flatten):
                layer.register_forward_pre_hook(
                    lambda layer, inputs: (_in_format(inputs[0], _CONTIGUOUS, on_any_device),)
                )
            elif isinstance(layer, nn.Unflatten):
                layer.register_forward_hook(
                    lambda layer, inputs, images: _in_format(images, _CHANNELS_LAST, on_any_device)
                )


def is_channels_last(config: TrainConfig) -> bool:
    """Whether images are stored as (N, H, W, C): if the config asks for it, or on a CPU on which it is faster."""
    return config.channels_last or (len(config.shape) == 3 and is_faster())


def is_faster() -> bool:
    """Whether channels last is faster on this CPU: with oneDNN on AVX2 or AVX-512 (docs/performance.md)."""
    return torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def _in_format(x: Tensor, memory_format: torch.memory_format, on_any_device: bool) -> Tensor:
    """`x` in this memory format. Its gradient is converted back to the format of `x`.

    PyTorch would leave the gradient in `memory_format`, and layers are slow if formats are mixed.
    """
    if x.ndim != 4 or not (on_any_device or x.device.type == "cpu"):
        return x
    result = x.to(memory_format=memory_format)
    if result.requires_grad and result is not x:
        original = _CONTIGUOUS if x.is_contiguous() else _CHANNELS_LAST
        result.register_hook(lambda grad: grad if grad is None else grad.to(memory_format=original))  # None: all zeros
    return result

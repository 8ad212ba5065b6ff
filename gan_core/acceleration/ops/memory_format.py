"""How a convolution's images lie in memory: channel after channel, or with each pixel's channels side by side.

Only what flows through a network is laid out so, and its gradients on their way back. Weights stay as they are, and
with them optimisers and checkpoints.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_core.config import TrainConfig

_ROWS, _PIXELS = torch.contiguous_format, torch.channels_last
_CONVOLUTIONS = nn.Conv2d, nn.ConvTranspose2d


def lay_out(network: nn.Module, config: TrainConfig) -> None:
    """Let its convolutions compute, from now on, on images (N, C, H, W) in the layout that they shall have.

    Where images become flat vectors, or vectors images, the layout changes once, so that all between is laid out alike.
    """
    layers, anywhere = [*network.modules()], config.channels_last  # else on a CPU only
    if is_channels_last(config) and any(isinstance(layer, _CONVOLUTIONS) for layer in layers):
        for layer in layers:
            if isinstance(layer, _CONVOLUTIONS):
                layer.register_forward_pre_hook(
                    lambda layer, inputs: (_laid(inputs[0], _PIXELS, anywhere), *inputs[1:])
                )
            elif isinstance(layer, nn.Flatten):
                layer.register_forward_pre_hook(lambda layer, inputs: (_laid(inputs[0], _ROWS, anywhere),))
            elif isinstance(layer, nn.Unflatten):
                layer.register_forward_hook(lambda layer, inputs, images: _laid(images, _PIXELS, anywhere))


def is_channels_last(config: TrainConfig) -> bool:
    """Whether numbers lie as (N, H, W, C): as the config wants, and on a CPU on which that is faster."""
    return config.channels_last or (len(config.shape) == 3 and is_faster())


def is_faster() -> bool:
    """Whether convolutions on this CPU compute faster so: with AVX2 or AVX-512, in oneDNN (docs/performance.md)."""
    return torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def _laid(x: Tensor, layout: torch.memory_format, anywhere: bool) -> Tensor:
    """The same images in this layout; their gradient gets the layout that they came in.

    By itself torch leaves a gradient as it comes, and layers that meet two layouts at once compute slowly.
    """
    if x.ndim != 4 or not (anywhere or x.device.type == "cpu"):
        return x
    laid = x.to(memory_format=layout)
    if laid.requires_grad and laid is not x:
        came = _ROWS if x.is_contiguous() else _PIXELS
        laid.register_hook(lambda grad: grad if grad is None else grad.to(memory_format=came))  # None: it is all zeros
    return laid

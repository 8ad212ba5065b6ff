"""Residual networks, after SNGAN (Miyato et al., 2018, appendix B.4) and WGAN-GP (Gulrajani et al., 2017).

A block adds two paths: two 3 x 3 convolutions, each after a normalization and an activation, and a shortcut with a
1 x 1 convolution. Upsampling repeats pixels, downsampling averages them. Image sides are halved and rounded down:
28 -> 14 -> 7 -> 3. The block next to the image has `width` channels, and each halving doubles them.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from gan_core.config import NetworkConfig, TrainConfig
from gan_core.models.layers import ACTIVATIONS, OUTPUTS, linear


def generator(config: TrainConfig) -> nn.Sequential:
    """(N, generator_inputs) -> (N, C * 2**(depth - 1), small, small) -> ... -> images (N, channels, side, side)."""
    net = config.generator
    image_channels, _, side = config.shape
    sides = [side >> k for k in range(net.depth, -1, -1)]  # 7, 14, 28
    widest, *channels = [net.width << max(k, 0) for k in range(net.depth - 1, -2, -1)]  # 64, 32, 32
    return nn.Sequential(
        linear(config.generator_inputs, widest * sides[0] ** 2, bias=True),
        nn.Unflatten(1, (widest, sides[0], sides[0])),
        *(_up_block(net, *ends, to) for ends, to in zip(pairwise((widest, *channels)), sides[1:], strict=True)),
        *_norm_and_activation(net, channels[-1]),
        _conv(channels[-1], image_channels),
        OUTPUTS[net.output](),
    )


def discriminator(config: TrainConfig) -> nn.Sequential:
    """Images (N, *discriminator_input_shape) -> (N, C * 2**(depth - 1), small, small) -> features (N, F), sums."""
    net = config.discriminator
    channels = [config.discriminator_input_shape[0], *(net.width << k for k in range(net.depth))]  # 1, 32, 64
    return nn.Sequential(
        *(_down_block(net, inputs, outputs, first=k == 0) for k, (inputs, outputs) in enumerate(pairwise(channels))),
        *_norm_and_activation(net, channels[-1]),
        SumPool2d(),
    )


class Residual(nn.Module):
    """x -> path(x) + shortcut(x)."""

    def __init__(self, path: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.path, self.shortcut = path, shortcut

    def forward(self, x: Tensor) -> Tensor:
        return self.path(x) + self.shortcut(x)


class SumPool2d(nn.Module):
    """(N, C, H, W) -> (N, C): the sum over all pixels."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(dim=(2, 3))


def _up_block(net: NetworkConfig, inputs: int, outputs: int, to: int) -> Residual:
    """(N, inputs, to // 2, to // 2) -> (N, outputs, to, to)."""
    path = (
        *_norm_and_activation(net, inputs),
        nn.Upsample(size=to),
        _conv(inputs, outputs),
        *_norm_and_activation(net, outputs),
        _conv(outputs, outputs),
    )
    return Residual(nn.Sequential(*path), nn.Sequential(nn.Upsample(size=to), _conv(inputs, outputs, 1)))


def _down_block(net: NetworkConfig, inputs: int, outputs: int, first: bool) -> Residual:
    """(N, inputs, side, side) -> (N, outputs, side // 2, side // 2); the first block has no activation on its input."""
    path = (
        *(() if first else _norm_and_activation(net, inputs)),
        _conv(inputs, outputs),
        *_norm_and_activation(net, outputs),
        _conv(outputs, outputs),
        nn.AvgPool2d(2),
    )  # pooling commutes with the 1 x 1 convolution and, before it, saves three quarters of its work
    return Residual(nn.Sequential(*path), nn.Sequential(nn.AvgPool2d(2), _conv(inputs, outputs, 1)))


def _norm_and_activation(net: NetworkConfig, channels: int) -> tuple[nn.Module, ...]:
    activation = ACTIVATIONS[net.activation](net)
    if isinstance(activation, nn.ReLU | nn.LeakyReLU):
        activation.inplace = False  # the shortcut reads the same input
    return (nn.BatchNorm2d(channels, device="meta"), activation) if net.norm == "batch" else (activation,)


def _conv(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    """(N, inputs, side, side) -> (N, outputs, side, side)."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, device="meta")

"""DCGAN (Radford, Metz and Chintala, 2015): strided convolutions down, transposed convolutions up, no pooling.

Image sides are halved and rounded down: 28 -> 14 -> 7. The layer next to the image has `width` channels, and each
halving doubles them. All kernels are 4 x 4 with stride 2 and padding 1.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from torch import nn

from gan_core.acceleration.ops.strided_conv import StridedConv2d, StridedConvTranspose2d
from gan_core.config import TrainConfig
from gan_core.models.layers import OUTPUTS, block, has_bias, linear


def generator(config: TrainConfig) -> nn.Sequential:
    """(N, generator_inputs) -> (N, C * 2**(depth - 1), small, small) -> ... -> images (N, channels, side, side).

    The first layer is linear, which equals the paper's transposed convolution of a 1 x 1 image with the same weights.
    """
    net = config.generator
    image_channels, _, side = config.shape
    sides = [side >> k for k in range(net.depth, -1, -1)]  # 7, 14, 28
    channels = [net.width << k for k in range(net.depth - 1, -1, -1)]  # 64, 32

    project = partial(_project, config.generator_inputs, channels[0], sides[0])
    return nn.Sequential(
        block(net, project, nn.BatchNorm2d, channels[0], first=True),
        *(
            block(net, partial(StridedConvTranspose2d, inputs, outputs, to), nn.BatchNorm2d, outputs)
            for (inputs, outputs), to in zip(pairwise(channels), sides[1:-1], strict=True)
        ),
        StridedConvTranspose2d(channels[-1], image_channels, side, has_bias(net)),
        OUTPUTS[net.output](),
    )


def discriminator(config: TrainConfig) -> nn.Sequential:
    """Images (N, *discriminator_input_shape) -> ... -> (N, C * 2**(depth - 1), small, small) -> features (N, F)."""
    net = config.discriminator
    channels = [config.discriminator_input_shape[0], *(net.width << k for k in range(net.depth))]  # 1, 32, 64
    return nn.Sequential(
        *(
            block(net, partial(StridedConv2d, inputs, outputs), nn.BatchNorm2d, outputs, first=k == 0)
            for k, (inputs, outputs) in enumerate(pairwise(channels))
        ),
        nn.Flatten(),
    )


def _project(dim: int, channels: int, side: int, bias: bool) -> nn.Sequential:
    """(N, dim) -> (N, channels, side, side)."""
    return nn.Sequential(linear(dim, channels * side**2, bias), nn.Unflatten(1, (channels, side, side)))

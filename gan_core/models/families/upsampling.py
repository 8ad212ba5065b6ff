"""A discriminator from a notebook on GAN and DCGAN: it doubles the image, halves it twice and doubles it again."""

from __future__ import annotations

from functools import partial

from torch import nn

from gan_core.acceleration.ops.strided_conv import StridedConv2d
from gan_core.config import TrainConfig
from gan_core.models.layers import block, has_bias


def discriminator(config: TrainConfig) -> nn.Sequential:
    """Images (N, *discriminator_input_shape) -> features (N, F).

    An input side of 32 becomes 64, 32, 16 and 34, the last with one channel. Kernels are 4 x 4 with stride 2 and
    padding 1; the last layer has padding 0.
    """
    net, width = config.discriminator, config.discriminator.width

    return nn.Sequential(
        block(
            net,
            partial(_upsample_conv, config.discriminator_input_shape[0], width, 1),
            nn.BatchNorm2d,
            width,
            first=True,
        ),
        block(net, partial(StridedConv2d, width, 2 * width), nn.BatchNorm2d, 2 * width),
        block(net, partial(StridedConv2d, 2 * width, 4 * width), nn.BatchNorm2d, 4 * width),
        _upsample_conv(4 * width, 1, 0, has_bias(net)),
        nn.Flatten(),
    )


def _upsample_conv(inputs: int, outputs: int, padding: int, bias: bool) -> nn.ConvTranspose2d:
    """(N, inputs, side, side) -> (N, outputs, to, to): twice the side, plus 2 without padding."""
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, padding, bias=bias, device="meta")

"""Fully connected networks, as in Goodfellow et al. (2014): for points and small images."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

from torch import nn

from gan_core.config import NetworkConfig, TrainConfig
from gan_core.models.layers import OUTPUTS, block, has_bias, linear


def generator(config: TrainConfig) -> nn.Sequential:
    """(N, generator_inputs) -> hidden layers -> samples (N, *shape)."""
    net, shape = config.generator, config.shape
    widths = (config.generator_inputs, *net.hidden)
    return nn.Sequential(
        *_hidden(net, widths),
        linear(widths[-1], math.prod(shape), has_bias(net)),
        OUTPUTS[net.output](),
        nn.Unflatten(1, shape),
    )


def discriminator(config: TrainConfig) -> nn.Sequential:
    """Samples (N, *discriminator_input_shape) -> hidden layers -> features (N, F)."""
    net = config.discriminator
    return nn.Sequential(nn.Flatten(), *_hidden(net, (math.prod(config.discriminator_input_shape), *net.hidden)))


def _hidden(net: NetworkConfig, widths: tuple[int, ...]) -> list[nn.Sequential]:
    return [
        block(net, partial(linear, inputs, outputs), nn.BatchNorm1d, outputs, first=k == 0)
        for k, (inputs, outputs) in enumerate(pairwise(widths))
    ]

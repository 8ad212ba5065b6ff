"""Initial weights: each layer draws its own from a generator named after its place.

So weights depend on the seed and the network alone: not on loss or optimiser, nor on what else was built before, beside
or in another thread. Networks that differ in one layer share the weights of all others, which makes for fair races.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from gan_core.config import NetworkConfig
from gan_core.randomness import stream

Weighted = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


@torch.no_grad()
def initialise(network: nn.Module, net: NetworkConfig, seed: int, role: str) -> None:
    """Set every parameter and buffer of `network`, on the CPU, as `net.init` says; `role` keeps G and D apart."""
    layers = [module for module in network.modules() if isinstance(module, Weighted)]
    for k, layer in enumerate(layers):
        SCHEMES[net.init](layer, net, stream(seed, f"{role} weights {k}"))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_parameters()  # scale 1, shift 0, running mean 0, running variance 1: nothing random


def _torch_default(layer: Weighted, net: NetworkConfig, generator: torch.Generator) -> None:
    """torch's own: He et al. (2015) with a = sqrt(5), which comes to U(-b, b) with b = 1 / sqrt(fan in), biases too."""
    bound = 1 / math.sqrt(layer.weight[0].numel())
    for parameter in layer.parameters():
        parameter.uniform_(-bound, bound, generator=generator)


def _normal(layer: Weighted, net: NetworkConfig, generator: torch.Generator) -> None:
    """Radford, Metz and Chintala (2015): N(0, init_std), biases 0."""
    layer.weight.normal_(0, net.init_std, generator=generator)
    if layer.bias is not None:
        layer.bias.zero_()


SCHEMES: dict[str, Callable[[Weighted, NetworkConfig, torch.Generator], None]] = {
    "torch": _torch_default,
    "normal": _normal,
}

"""Networks: `build(config)` makes a generator and a discriminator with their initial weights.

A family (mlp, dcgan, ...) is one file with two functions, `generator(config)` and `discriminator(config)`, which
describe its layers on torch's "meta" device, and a line for each in the catalogue. What all families share stands
around the layers (`network`): the class of a sample, what compares a batch, the head. Weights are drawn in `init`, for
all families alike.
"""

from __future__ import annotations

from torch import nn

from gan_core.acceleration.ops.memory_format import lay_out
from gan_core.config import NetworkConfig, TrainConfig
from gan_core.config.catalog import DISCRIMINATORS, GENERATORS
from gan_core.models import sgan
from gan_core.models.init import apply_spectral_norm, initialize_weights
from gan_core.models.layers import StochasticLayer, set_rng
from gan_core.models.network import Discriminator, Generator
from gan_core.system.random_streams import stream

__all__ = ["StochasticLayer", "build", "count_parameters", "set_rng"]


def build(config: TrainConfig) -> tuple[nn.Module, nn.Module]:
    """A fresh generator and discriminator, float32 on the CPU, in training mode.

    G maps z (N, latent.dim) to samples (N, *config.shape) in the range of `generator.output`; D maps samples to logits
    (N,). Under a condition both take the classes too, y (N,) int64. The initial weights follow from `config.seed` and
    from each network's own settings, and from nothing else.
    """
    generator, discriminator = build_meta(config)
    return (
        _with_weights(generator, config.generator, config.seed, "generator"),
        _with_weights(discriminator, config.discriminator, config.seed, "discriminator"),
    )


def build_meta(config: TrainConfig) -> tuple[nn.Module, nn.Module]:
    """Both networks on "meta": shapes without numbers."""
    generator, discriminator = _pair(config)
    if config.local_pairs:
        generators, discriminators = zip(*(_pair(config) for _ in range(config.local_pairs)), strict=True)
        return sgan.Generators(generator, [*generators]), sgan.Discriminators(discriminator, [*discriminators])
    return generator, discriminator


def count_parameters(network: nn.Module) -> int:
    """How many numbers training can change."""
    return sum(parameter.numel() for parameter in network.parameters())


def _pair(config: TrainConfig) -> tuple[nn.Module, nn.Module]:
    makers = GENERATORS[config.generator.name].load(), DISCRIMINATORS[config.discriminator.name].load()
    generator, discriminator = (make(config) for make in makers)
    networks = Generator(generator, config), Discriminator(discriminator, config)
    for network, net in zip(networks, (config.generator, config.discriminator), strict=True):
        if net.spectral:
            apply_spectral_norm(network)
        lay_out(network, config)
    return networks


def _with_weights(network: nn.Module, net: NetworkConfig, seed: int, role: str) -> nn.Module:
    network = network.to_empty(device="cpu")
    initialize_weights(network, net, seed, role)
    set_rng(network, stream(seed, f"{role} dropout"))
    return network

"""Networks: `build(config)` makes a generator and a discriminator with their initial weights.

A family (mlp, dcgan, ...) is one file with two functions, `generator(config)` and `discriminator(config)`, which return
layers on PyTorch's "meta" device, and a line for each in the catalogue. `network` adds the parts that all families
share: class conditioning, the batch layer and the head. `init` initializes the weights of all families.
"""

from __future__ import annotations

from torch import nn

from gan_core.acceleration.ops.memory_format import lay_out
from gan_core.config import ConfigError, NetworkConfig, TrainConfig
from gan_core.config.catalog import DISCRIMINATORS, GENERATORS
from gan_core.models import sgan
from gan_core.models.init import apply_spectral_norm, initialize_weights
from gan_core.models.layers import StochasticLayer, set_rng
from gan_core.models.network import Discriminator, Generator
from gan_core.system.arguments import instance
from gan_core.system.random_streams import stream

__all__ = ["StochasticLayer", "build", "count_parameters", "set_rng"]


def build(config: TrainConfig) -> tuple[nn.Module, nn.Module]:
    """A new generator and discriminator, float32 on the CPU, in training mode.

    G maps z (N, latent.dim) to samples (N, *config.shape) in the range of `generator.output`; D maps samples to logits
    (N,). Conditional networks also take the classes y (N,) int64. The initial weights depend only on `config.seed` and
    on the settings of the network itself.
    """
    generator, discriminator = build_meta(config)
    return (
        _initialized(generator, config.generator, config.seed, "generator"),
        _initialized(discriminator, config.discriminator, config.seed, "discriminator"),
    )


def build_meta(config: TrainConfig) -> tuple[nn.Module, nn.Module]:
    """Both networks on the "meta" device, which holds shapes without data.

    Raises `ConfigError` if a conditional GAN's classes are not known yet (`data.with_classes`).
    """
    instance("config", config, TrainConfig, "use presets.load(id)")
    if config.condition.name != "none" and not config.classes:
        raise ConfigError("condition.name: the classes are known as soon as data.path leads to pictures in folders")
    generator, discriminator = _pair(config)
    if config.local_pairs:
        generators, discriminators = zip(*(_pair(config) for _ in range(config.local_pairs)), strict=True)
        return sgan.Generators(generator, [*generators]), sgan.Discriminators(discriminator, [*discriminators])
    return generator, discriminator


def count_parameters(network: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters())


def _pair(config: TrainConfig) -> tuple[nn.Module, nn.Module]:
    generator_layers = GENERATORS[config.generator.name].load()(config)
    discriminator_layers = DISCRIMINATORS[config.discriminator.name].load()(config)
    networks = Generator(generator_layers, config), Discriminator(discriminator_layers, config)
    for network, net in zip(networks, (config.generator, config.discriminator), strict=True):
        if net.spectral:
            apply_spectral_norm(network)
        lay_out(network, config)
    return networks


def _initialized(network: nn.Module, net: NetworkConfig, seed: int, role: str) -> nn.Module:
    network = network.to_empty(device="cpu")
    initialize_weights(network, net, seed, role)
    set_rng(network, stream(seed, f"{role} dropout"))
    return network

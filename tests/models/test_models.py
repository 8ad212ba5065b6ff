"""Networks: parameter counts from the sources, shapes and output ranges."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.config.catalog import GENERATORS
from gan_core.models.layers import ACTIVATIONS
from tests.support.small import pictures

MLP = {"generator.name": "mlp", "discriminator.name": "mlp"}


def config_of(**sections: dict[str, Any]) -> TrainConfig:
    """`config_of(generator={"name": "mlp"})`: the default config with these settings."""
    return TrainConfig().with_values(
        {f"{s}.{key}": value for s, keys in sections.items() for key, value in keys.items()}
    )


def changed(values: dict[str, Any]) -> TrainConfig:
    return TrainConfig().with_values(values)


# ---- the sources' numbers of parameters: sums over the layers that their text lists ----------------------------------
SOURCES = {
    # mnist-mlp-gan-notebook, cells 2, 3, 5, 6: blocks Linear + BatchNorm1d + ReLU of 128, 256, 512, 1024
    "mlp-mnist": (
        config_of(
            latent={"dim": 64},
            generator={"name": "mlp", "hidden": (128, 256, 512, 1024), "bias": "always", "output": "sigmoid"},
            discriminator={"name": "mlp", "hidden": (512, 256, 128), "norm": "none"},
        ),
        (64 * 128 + 128 + 2 * 128)
        + (128 * 256 + 256 + 2 * 256)
        + (256 * 512 + 512 + 2 * 512)
        + (512 * 1024 + 1024 + 2 * 1024)
        + (1024 * 784 + 784),
        (784 * 512 + 512) + (512 * 256 + 256) + (256 * 128 + 128) + (128 * 1 + 1),
    ),
    # gan-from-scratch-anime: 3 x 100 x 100 images; batch normalisation behind the second and third layer of G only
    "mlp-anime": (
        config_of(
            data={"name": "folder", "size": 100, "channels": 3},
            latent={"dim": 100},
            generator={"name": "mlp", "hidden": (128, 256, 512), "norm_first": False, "bias": "always"},
            discriminator={"name": "mlp", "hidden": (512, 256), "norm": "none"},
        ),
        (100 * 128 + 128)
        + (128 * 256 + 256 + 2 * 256)
        + (256 * 512 + 512 + 2 * 512)
        + (512 * 3 * 100 * 100 + 3 * 100 * 100),
        (3 * 100 * 100 * 512 + 512) + (512 * 256 + 256) + (256 * 1 + 1),
    ),
    # dive-into-deep-learning-ch17, 17.1.2 and 17.1.3: Dense(2); Dense(5), Dense(3), Dense(1)
    "gaussian-2d": (
        config_of(
            data={"name": "gaussian"},
            latent={"dim": 2},
            generator={"name": "mlp", "hidden": (), "output": "linear"},
            discriminator={"name": "mlp", "hidden": (5, 3), "activation": "tanh", "norm": "none"},
        ),
        2 * 2 + 2,
        (2 * 5 + 5) + (5 * 3 + 3) + (3 * 1 + 1),
    ),
    # dive-into-deep-learning-ch17, 17.2.2 and 17.2.3: every layer use_bias=False, BatchNorm in every block of G and D
    "dcgan-sprites": (
        config_of(
            data={"name": "sprites", "size": 64, "channels": 3},
            latent={"dim": 100},
            generator={"width": 64, "depth": 4, "bias": "never"},
            discriminator={"width": 64, "depth": 4, "bias": "never", "norm_first": True},
        ),
        (100 * 512 * 4 * 4 + 2 * 512)
        + (512 * 256 * 4 * 4 + 2 * 256)
        + (256 * 128 * 4 * 4 + 2 * 128)
        + (128 * 64 * 4 * 4 + 2 * 64)
        + (64 * 3 * 4 * 4),
        (3 * 64 * 4 * 4 + 2 * 64)
        + (64 * 128 * 4 * 4 + 2 * 128)
        + (128 * 256 * 4 * 4 + 2 * 256)
        + (256 * 512 * 4 * 4 + 2 * 512)
        + (512 * 1 * 4 * 4),
    ),
    # gan-and-dcgan-notebook, cells 39 and 33: no normalisation; dropout has no parameters
    "mlp-mnist-dropout": (
        config_of(
            latent={"dim": 100},
            generator={"name": "mlp", "hidden": (256, 512, 1024), "norm": "none"},
            discriminator={"name": "mlp", "hidden": (512, 128, 64), "norm": "none", "dropout": 0.3},
        ),
        (100 * 256 + 256) + (256 * 512 + 512) + (512 * 1024 + 1024) + (1024 * 784 + 784),
        (784 * 512 + 512) + (512 * 128 + 128) + (128 * 64 + 64) + (64 * 1 + 1),
    ),
}


@pytest.mark.parametrize("source", SOURCES)
def test_parameter_counts_match_the_sources(source: str) -> None:
    config, wanted_g, wanted_d = SOURCES[source]
    generator, discriminator = models.build(config)
    assert models.count_parameters(generator) == wanted_g
    assert models.count_parameters(discriminator) == wanted_d


def test_the_default_network_has_no_bias_before_a_normalization() -> None:
    generator, discriminator = models.build(changed({"generator.width": 32, "generator.depth": 2}))
    assert models.count_parameters(generator) == (
        64 * 3136 + 2 * 64 + (64 * 32 * 4 * 4 + 2 * 32) + (32 * 1 * 4 * 4 + 1)
    )
    assert models.count_parameters(discriminator) == (
        (1 * 32 * 4 * 4 + 32) + (32 * 64 * 4 * 4 + 2 * 64) + (64 * 7 * 7 + 1)
    )


def test_the_first_linear_layer_equals_a_transposed_convolution_of_a_1x1_image() -> None:
    config, *_ = SOURCES["dcgan-sprites"]
    generator, _ = models.build(config)
    project = generator.get_submodule("layers.0.0")
    convolution = nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False)
    convolution.weight = nn.Parameter(project.get_parameter("0.weight").T.reshape(100, 512, 4, 4))
    z = torch.randn(3, 100, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(project(z), convolution(z[:, :, None, None]))


# ---- shapes and ranges -----------------------------------------------------------------------------------------------


FAMILIES = [("dcgan", "dcgan"), ("resnet", "resnet"), ("resnet", "upsampling"), ("transgan", "transgan")]


@pytest.mark.parametrize(("g", "d"), FAMILIES)
@settings(deadline=None)
@given(pictures(), st.sampled_from(["none", "batch"]), st.integers(1, 4), st.integers(1, 2))
def test_images_of_any_side_from_8_to_128(
    g: str, d: str, picture: dict[str, Any], norm: str, width: int, blocks: int
) -> None:
    each = {"norm": norm, "width": width, "blocks": blocks}
    values = {f"{role}.{key}": value for role in ("generator", "discriminator") for key, value in each.items()}
    config = changed(picture | values | {"generator.name": g, "discriminator.name": d})
    generator, discriminator = (network.to("meta") for network in models.build(config))
    samples = generator(torch.empty(2, config.latent.dim, device="meta"))
    assert samples.shape == (2, *config.shape)
    assert discriminator(samples).shape == (2,)


@pytest.mark.parametrize(("g", "d"), FAMILIES)
@pytest.mark.parametrize("condition", ["embedding", "projection"])
def test_conditional_networks_use_the_class(condition: str, g: str, d: str) -> None:
    values = {"generator.name": g, "discriminator.name": d, "condition.name": condition}
    config = changed(values | {"generator.width": 4, "discriminator.width": 4})
    generator, discriminator = models.build(config)
    y = torch.arange(10)
    samples = generator(torch.randn(10, config.latent.dim, generator=torch.Generator().manual_seed(0)), y)
    assert samples.shape == (10, 1, 28, 28)
    assert discriminator(samples, y).shape == (10,)
    assert not torch.equal(discriminator(samples, y), discriminator(samples, y.flip(0)))


@pytest.mark.parametrize("name", ["mnist-5k", "sprites", "ring8"])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_an_mlp_works_for_points_and_images(name: str, norm: str) -> None:
    config = changed(MLP | {"data.name": name, "generator.norm": norm, "discriminator.norm": norm})
    generator, discriminator = models.build(config)
    samples = generator(torch.zeros(4, config.latent.dim))
    assert samples.shape == (4, *config.shape)
    assert discriminator(samples).shape == (4,)


@pytest.mark.parametrize(("output", "low", "high"), [("tanh", -1, 1), ("sigmoid", 0, 1), ("linear", -1e9, 1e9)])
@pytest.mark.parametrize("family", list(GENERATORS))
def test_samples_span_the_output_range(family: str, output: str, low: float, high: float) -> None:
    generator, _ = models.build(
        changed({"generator.name": family, "generator.output": output, "generator.init_std": 1})
    )
    samples = generator(torch.randn(8, 64, generator=torch.Generator().manual_seed(0)))
    assert low <= samples.min() < low + 0.01 or (output == "linear" and samples.min() < -1)
    assert high >= samples.max() > high - 0.01 or (output == "linear" and samples.max() > 1)


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("family", ["mlp", "dcgan"])
def test_every_hidden_layer_has_the_chosen_activation(family: str, activation: str) -> None:
    _, discriminator = models.build(changed({"discriminator.name": family, "discriminator.activation": activation}))
    kind = type(ACTIVATIONS[activation](TrainConfig().discriminator))
    assert (
        sum(isinstance(module, kind) for module in discriminator.modules()) == 2
    )  # two hidden layers, or two halvings


def test_the_slope_of_leaky_relu_is_configurable() -> None:
    _, discriminator = models.build(changed({"discriminator.slope": 0.3}))
    slopes = [module.negative_slope for module in discriminator.modules() if isinstance(module, nn.LeakyReLU)]
    assert slopes == [0.3, 0.3]

"""Networks: shapes, output ranges and activations."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_core import models, presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import GENERATORS
from gan_core.models.layers import ACTIVATIONS
from tests.support.small import pictures


def changed(values: dict[str, Any]) -> TrainConfig:
    return TrainConfig().with_values(values)


def test_the_first_linear_layer_equals_a_transposed_convolution_of_a_1x1_image() -> None:
    generator, _ = models.build(presets.load("dcgan-sprites"))
    project = generator.get_submodule("layers.0.0")
    convolution = nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False)
    convolution.weight = nn.Parameter(project.get_parameter("0.weight").T.reshape(100, 512, 4, 4))
    z = torch.randn(3, 100, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(project(z), convolution(z[:, :, None, None]))


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
    values = {"generator.name": "mlp", "discriminator.name": "mlp", "generator.norm": norm, "discriminator.norm": norm}
    config = changed({"data.name": name} | values)
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
    assert sum(isinstance(module, kind) for module in discriminator.modules()) == 2  # two hidden or strided layers


def test_the_slope_of_leaky_relu_is_configurable() -> None:
    _, discriminator = models.build(changed({"discriminator.slope": 0.3}))
    slopes = [module.negative_slope for module in discriminator.modules() if isinstance(module, nn.LeakyReLU)]
    assert slopes == [0.3, 0.3]

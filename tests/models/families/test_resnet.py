"""Residual networks and the upsampling discriminator: shapes, paths and spectral norm."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.models.families.resnet import Residual
from gan_core.models.layers import ACTIVATIONS
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS

RESNET = {"generator.name": "resnet", "discriminator.name": "resnet"}
NARROW = {"generator.width": 4, "discriminator.width": 4}


def changed(values: dict[str, Any]) -> TrainConfig:
    return TrainConfig().with_values(values)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_channels_of_every_block() -> None:
    generator, discriminator = models.build(changed(RESNET | {"generator.width": 8, "discriminator.width": 8}))
    seen: list[tuple[int, ...]] = []
    for network in (generator, discriminator):
        for module in network.modules():
            if isinstance(module, Residual):
                module.register_forward_hook(lambda _, __, output: seen.append(tuple(output.shape[1:])))
    assert discriminator(generator(noise(2, 64))).shape == (2,)
    assert seen == [(8, 14, 14), (8, 28, 28), (8, 14, 14), (16, 7, 7)]


def test_parameter_counts_match_the_blocks_of_the_papers() -> None:
    generator, discriminator = models.build(changed(RESNET | {"generator.width": 8, "discriminator.width": 8}))

    def conv(inputs: int, outputs: int, kernel: int = 3) -> int:
        return inputs * outputs * kernel**2 + outputs

    def block(inputs: int, outputs: int) -> int:
        return conv(inputs, outputs) + conv(outputs, outputs) + conv(inputs, outputs, 1)

    assert models.count_parameters(generator) == (
        (64 * 16 * 49 + 16 * 49)  # 7 x 7 pixels of 16 channels
        + (2 * 16 + 2 * 8 + block(16, 8))
        + (2 * 8 + 2 * 8 + block(8, 8))
        + (2 * 8 + conv(8, 1))
    )
    assert models.count_parameters(discriminator) == (
        (2 * 8 + block(1, 8)) + (2 * 8 + 2 * 16 + block(8, 16)) + 2 * 16 + (16 + 1)
    )


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_both_paths_of_a_block_get_the_same_input(norm: str, activation: str) -> None:
    """An in-place activation would change the input of the shortcut."""
    values = {f"{role}.{key}": value for role in ("generator", "discriminator")
              for key, value in {"norm": norm, "activation": activation}.items()}  # fmt: skip
    generator, discriminator = models.build(changed(RESNET | NARROW | values))
    for network in (generator, discriminator):
        for block in (module for module in network.modules() if isinstance(module, Residual)):
            first = next(m for m in block.modules() if isinstance(m, nn.Conv2d | nn.BatchNorm2d))
            x = noise(2, getattr(first, "in_channels", 0) or first.num_features, 14, 14)
            kept = x.clone()
            path, shortcut = block.path(x.clone()), block.shortcut(x.clone())
            torch.testing.assert_close(block(x), path + shortcut)
            assert torch.equal(x, kept)


def test_pooling_commutes_with_the_shortcut_convolution() -> None:
    """Pooling first is cheaper."""
    _, discriminator = models.build(changed(RESNET))
    for block in (module for module in discriminator.modules() if isinstance(module, Residual)):
        pool, conv = block.shortcut
        x = noise(2, conv.in_channels, 14, 14)
        torch.testing.assert_close(block.shortcut(x), pool(conv(x)), rtol=1e-4, atol=1e-6)


def test_features_are_sums_over_pixels() -> None:
    _, discriminator = models.build(changed(RESNET | {"discriminator.width": 4, "discriminator.norm": "none"}))
    *layers, _ = discriminator.features
    last = nn.Sequential(*layers)(noise(2, 1, 28, 28))
    assert last.shape == (2, 8, 7, 7)
    torch.testing.assert_close(discriminator.features(noise(2, 1, 28, 28)), last.flatten(2).sum(2))


# ---- spectral normalisation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("init", ["normal", "torch", "he"])
@pytest.mark.parametrize("family", ["resnet", "transgan", "dcgan"])
def test_spectral_norm_bounds_every_layer_of_every_family(family: str, init: str) -> None:
    config = changed(
        {
            "discriminator.name": family,
            "discriminator.spectral": True,
            "discriminator.init": init,
            "discriminator.norm": "none",
        }
    )
    _, discriminator = models.build(config)
    for _ in range(50):
        discriminator(noise(2, 1, 28, 28))  # each pass is one more step of the power iteration
    layers = [m for m in discriminator.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    assert len(layers) >= 3
    for layer in layers:
        assert parametrize.is_parametrized(layer, "weight")
        largest = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2).item()
        assert largest == pytest.approx(1, abs=0.05)


# ---- the notebook's discriminator ------------------------------------------------------------------------------------

UPSAMPLING = {
    "data.name": "cifar10",
    "latent.dim": 100,
    "generator.width": 64,
    "generator.depth": 3,
    "generator.norm_first": False,
    "generator.bias": "always",
    "discriminator.name": "upsampling",
    "discriminator.width": 64,
    "discriminator.bias": "always",
}


def test_the_upsampling_discriminator_has_the_parameter_count_of_the_notebook() -> None:
    """gan-and-dcgan-notebook, cells 65 and 70: a number for each entry of each layer, biases and BatchNorm included."""
    generator, discriminator = models.build(changed(UPSAMPLING))
    assert models.count_parameters(discriminator) == (
        (3 * 64 * 4 * 4 + 64)  # ConvTranspose2d(3, 64, 4, 2, 1)
        + (64 * 128 * 4 * 4 + 128 + 2 * 128)  # Conv2d(64, 128, 4, 2, 1), BatchNorm2d
        + (128 * 256 * 4 * 4 + 256 + 2 * 256)  # Conv2d(128, 256, 4, 2, 1), BatchNorm2d
        + (256 * 1 * 4 * 4 + 1)  # ConvTranspose2d(256, 1, 4, 2, 0)
        + (34 * 34 + 1)  # Linear(34 * 34, 1)
    )
    assert models.count_parameters(generator) == (
        (100 * 256 * 4 * 4 + 256 * 4 * 4)  # Linear(noise_dims, 256 * 4 * 4)
        + (256 * 128 * 4 * 4 + 128 + 2 * 128)
        + (128 * 64 * 4 * 4 + 64 + 2 * 64)
        + (64 * 3 * 4 * 4 + 3)
    )


def test_sizes_in_the_upsampling_discriminator() -> None:
    _, discriminator = models.build(changed(UPSAMPLING | {"discriminator.width": 4}))
    sizes = []
    x = noise(2, 3, 32, 32)
    for layer in discriminator.features:
        x = layer(x)
        sizes.append(tuple(x.shape[1:]))
    assert sizes == [(4, 64, 64), (8, 32, 32), (16, 16, 16), (1, 34, 34), (34 * 34,)]


# ---- training --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "values",
    [
        RESNET | {"discriminator.spectral": True, "discriminator.norm": "none", "loss.name": "hinge"},
        RESNET | {"discriminator.norm": "none", "loss.name": "wasserstein", "penalty.name": "gradient-penalty"},
        {"discriminator.name": "upsampling", "discriminator.width": 2},
    ],
    ids=["sngan", "wgan-gp", "upsampling"],
)
def test_a_step_trains_every_weight_and_repeats(values: dict[str, Any], precision: str) -> None:
    config = DIGITS.with_values(values | {"precision": precision})
    trainers = [Trainer(config, "cpu") for _ in range(2)]
    before = models.build(config)
    for trainer in trainers:
        assert math.isfinite(trainer.step().loss_d)
    for fresh, network, same in zip(
        before,
        (trainers[0].generator, trainers[0].discriminator),
        (trainers[1].generator, trainers[1].discriminator),
        strict=True,
    ):
        state = same.state_dict()
        assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
        still = [
            name
            for (name, old), new in zip(fresh.named_parameters(), network.parameters(), strict=True)
            if new.grad is not None and new.grad.any() and torch.equal(old, new)
        ]
        assert not still
        assert sum(p.grad is not None and bool(p.grad.any()) for p in network.parameters()) >= 5

"""Transformers: attention, tokens, positions and initial weights."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.models.families.transgan import GRID, Attention, PatchTokens, PixelShuffleUp, TransformerStage
from gan_core.models.init import initialize_weights
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS

TRANSGAN = {"generator.name": "transgan", "discriminator.name": "transgan"}
NARROW = {"generator.width": 4, "discriminator.width": 4}


def changed(values: dict[str, Any]) -> TrainConfig:
    return TrainConfig().with_values(TRANSGAN | values)


def noise(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def ready(layer: torch.nn.Module) -> torch.nn.Module:
    """The layer in float64 with initialized weights."""
    layer = layer.to_empty(device="cpu")
    net = TrainConfig().with_values({"generator.init": "torch"}).generator
    initialize_weights(layer, net, seed=0, role="test")
    return layer.double()


# ---- attention -------------------------------------------------------------------------------------------------------


def by_the_formula(layer: Attention, x: Tensor) -> Tensor:
    """Vaswani et al. (2017), section 3.2: one sample, one head and one token at a time."""
    projected = x @ layer.project.weight.T + layer.project.bias
    width = x.shape[2]
    d = width // layer.heads
    out = torch.empty_like(x)
    for n in range(len(x)):
        for head in range(layer.heads):
            q, k, v = (projected[n, :, part * width + head * d :][:, :d] for part in range(3))
            for t in range(x.shape[1]):
                scores = torch.stack([q[t] @ other / math.sqrt(d) for other in k])
                shares = scores.exp() / scores.exp().sum()
                out[n, t, head * d : (head + 1) * d] = sum(
                    share * value for share, value in zip(shares, v, strict=True)
                )
    return out @ layer.merge.weight.T + layer.merge.bias


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize(("width", "heads"), [(64, 4), (66, 2), (35, 1), (5, 1)])
def test_attention_agrees_with_its_formula(width: int, heads: int, fused: bool) -> None:
    layer = ready(Attention(width, fused))
    assert layer.heads == heads
    x = 3 * noise(2, 5, width, dtype=torch.float64)
    torch.testing.assert_close(layer(x), by_the_formula(layer, x), rtol=1e-10, atol=1e-10)


def test_the_attention_of_d_has_second_derivatives() -> None:
    layer = ready(Attention(4, fused=False))
    x = noise(1, 3, 4, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(layer, x)


# ---- tokens and pixels -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "grids"), [(7, 1), (14, 1), (16, 1), (28, 2), (32, 2), (64, 4), (128, 8), (27, 3)])
def test_tokens_attend_only_within_their_grid_cell(side: int, grids: int) -> None:
    """A change of one token affects every token of its cell and no other token."""
    stage = ready(TransformerStage(side, 4, blocks=1, std=0.02))
    assert stage.grids == grids
    assert side // grids <= GRID
    x = noise(1, side, side, 4, dtype=torch.float64)
    other = x.clone()
    other[0, side - 1, 0, 0] += 1  # one feature only: the normalization would remove an equal change of all
    moved = (stage(x) != stage(other)).any(dim=3)[0]
    size = side // grids
    expected = torch.zeros(side, side, dtype=torch.bool)
    expected[-size:, :size] = True
    assert torch.equal(moved, expected)


def test_pixel_shuffle_turns_one_token_into_four_pixels() -> None:
    growth = ready(PixelShuffleUp(8, 4, to=6))
    x = noise(1, 3, 3, 8, dtype=torch.float64)
    other = x.clone()
    other[0, 1, 2, 0] += 1
    moved = (growth(x) != growth(other)).any(dim=3)[0].nonzero().tolist()
    assert moved == [[2, 4], [2, 5], [3, 4], [3, 5]]
    assert ready(PixelShuffleUp(8, 4, to=7))(x).shape == (1, 7, 7, 4)


@pytest.mark.parametrize(("side", "depth"), [(28, 2), (28, 3), (29, 2)])
def test_every_pixel_affects_the_discriminator(side: int, depth: int) -> None:
    config = changed(NARROW | {"data.name": "folder", "data.size": side, "discriminator.depth": depth})
    _, discriminator = models.build(config.with_values({"discriminator.init": "he"}))
    x = noise(1, 3, side, side).requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(x).sum(), x)
    assert (gradient != 0).any(dim=1).all()


def test_features_come_from_the_image_token() -> None:
    tokens = ready(PatchTokens(4, 6, 0.02))
    patches = noise(3, 6, 4, dtype=torch.float64)
    out = tokens(patches)
    assert out.shape == (3, 5, 6)
    torch.testing.assert_close(out[:, 0], tokens.whole.expand(3, 6))
    torch.testing.assert_close(out[:, 1:], patches.transpose(1, 2) + tokens.places)
    _, discriminator = models.build(changed({"discriminator.width": 4}))
    assert discriminator.features(noise(2, 1, 28, 28)).shape == (2, 16)


def test_the_position_of_a_patch_matters() -> None:
    """Attention without positions would ignore it."""
    _, discriminator = models.build(changed(NARROW | {"discriminator.init_std": 0.5}))
    x = noise(1, 1, 28, 28)
    assert not torch.allclose(discriminator(x), discriminator(x.roll(4, 3)), rtol=1e-4)


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_parameter_counts_are_the_sums_over_the_layers() -> None:
    generator, discriminator = models.build(changed({"generator.width": 4, "discriminator.width": 4}))

    def linear(inputs: int, outputs: int) -> int:
        return inputs * outputs + outputs

    def block(c: int) -> int:
        return 4 * c + linear(c, 3 * c) + linear(c, c) + linear(c, 2 * c) + linear(2 * c, c)

    assert models.count_parameters(generator) == (
        linear(64, 16 * 49)
        + (49 * 16 + block(16) + linear(16, 4 * 8))
        + (196 * 8 + block(8) + linear(8, 4 * 4))
        + (784 * 4 + block(4) + 8 + linear(4, 1))
    )
    assert models.count_parameters(discriminator) == (
        linear(4 * 4, 16) + 16 + 49 * 16 + 2 * block(16) + 32 + linear(16, 1)
    )


@pytest.mark.parametrize("init", ["torch", "normal", "he"])
def test_every_weight_depends_on_the_seed_only(init: str) -> None:
    values = NARROW | {"generator.init": init, "discriminator.init": init, "discriminator.spectral": True}
    before = torch.random.get_rng_state()
    torch.use_deterministic_algorithms(True)  # torch.empty then fills with NaN
    try:
        one, again, other = (models.build(changed(values | {"seed": seed})) for seed in (1, 1, 2))
    finally:
        torch.use_deterministic_algorithms(False)
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b, c in zip(one, again, other, strict=True):
        for name, tensor in a.state_dict().items():
            assert tensor.isfinite().all(), name
            assert torch.equal(tensor, b.state_dict()[name]), name
            if tensor.ndim > 1:
                assert not torch.equal(tensor, c.state_dict()[name]), name
        copied = copy.deepcopy(a).state_dict()
        assert all(torch.equal(tensor, copied[name]) for name, tensor in a.state_dict().items())


def test_positions_have_the_configured_deviation() -> None:
    generator, discriminator = models.build(changed({"generator.init_std": 0.05, "discriminator.init_std": 0.05}))
    stages = [module for module in generator.modules() if isinstance(module, TransformerStage)]
    assert [tuple(stage.places.shape) for stage in stages] == [(7, 7, 128), (14, 14, 64), (28, 28, 32)]
    (tokens,) = (module for module in discriminator.modules() if isinstance(module, PatchTokens))
    for numbers in (*(stage.places for stage in stages), tokens.places):
        assert numbers.std().item() == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "values",
    [
        {"loss.name": "hinge", "augment.translation": 0.125, "augment.cutout": 0.5},
        {"loss.name": "wasserstein", "penalty.name": "gradient-penalty"},
        {"penalty.name": "r1", "discriminator.spectral": True},
    ],
    ids=["hinge", "wgan-gp", "r1"],
)
def test_steps_are_finite_and_repeatable(values: dict[str, Any], precision: str) -> None:
    config = DIGITS.with_values(TRANSGAN | values | {"precision": precision})
    histories = []
    for _ in range(2):
        trainer = Trainer(config, "cpu")
        histories.append(torch.stack([trainer.step().values for _ in range(2)]))
    assert histories[0].isfinite().all()
    assert torch.equal(*histories)
    assert trainer.generate(3).shape == (3, 1, 28, 28)

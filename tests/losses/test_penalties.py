"""Penalties agree with closed forms on a linear D, and hold up under batch normalisation and bfloat16."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_core import models
from gan_core.config import PenaltyConfig, TrainConfig
from gan_core.config.catalog import PENALTIES, UnknownNameError
from gan_core.losses import penalties
from tests.support.tensors import rng

terms = pytest.mark.parametrize("name", ["gradient-penalty", "r1", "r1-r2"])
shapes = pytest.mark.parametrize("shape", [(2,), (3, 8, 8)], ids=["points", "images"])


def penalty(name: str, **values: Any) -> penalties.Penalty:
    return penalties.get(PenaltyConfig(name=name, **values))


def term(name: str, discriminator: nn.Module, real: Tensor, fake: Tensor, seed: int = 0, **values: Any) -> Tensor:
    chosen = penalty(name, **values)
    found = chosen.term(discriminator, real, fake, chosen.draw(real, rng(seed)))
    assert found is not None
    return found


def batches(*shape: int, n: int = 16) -> tuple[Tensor, Tensor]:
    generator = rng(1)
    return tuple(torch.randn(n, *shape, dtype=torch.float64, generator=generator) for _ in range(2))  # type: ignore[return-value]


def linear_d(shape: tuple[int, ...]) -> tuple[nn.Module, Tensor]:
    """D(x) = w x + b, in float64, and its w."""
    layer = nn.Linear(math.prod(shape), 1).double()
    nn.init.normal_(layer.weight, generator=rng(2))
    return nn.Sequential(nn.Flatten(), layer, nn.Flatten(0)), layer.weight


class Quadratic(nn.Module):
    """D(x) = a |x|^2 / 2: its gradient at x is a x."""

    def __init__(self, a: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(a, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.a / 2 * x.flatten(1).square().sum(dim=1)


@shapes
def test_gradient_penalty_of_a_linear_d_is_in_closed_form(shape: tuple[int, ...]) -> None:
    network, weight = linear_d(shape)
    found = term("gradient-penalty", network, *batches(*shape), weight=10)
    norm = weight.norm()
    torch.testing.assert_close(found, 10 * (norm - 1) ** 2, rtol=1e-10, atol=1e-10)
    (slope,) = torch.autograd.grad(found, weight)
    torch.testing.assert_close(slope, 20 * (norm - 1) * weight / norm, rtol=1e-10, atol=1e-10)


@shapes
def test_r1_of_a_linear_d_is_in_closed_form(shape: tuple[int, ...]) -> None:
    network, weight = linear_d(shape)
    found = term("r1", network, *batches(*shape), weight=10)
    torch.testing.assert_close(found, 10 / 2 * (weight**2).sum(), rtol=1e-10, atol=1e-10)
    (slope,) = torch.autograd.grad(found, weight)
    torch.testing.assert_close(slope, 10 * weight, rtol=1e-10, atol=1e-10)


@shapes
def test_r1_looks_at_real_samples_alone(shape: tuple[int, ...]) -> None:
    real, fake = batches(*shape)
    found = term("r1", Quadratic(3.0), real, fake, weight=1)
    torch.testing.assert_close(found.item(), (9 * real.flatten(1).square().sum(dim=1).mean() / 2).item())


@shapes
def test_r1_and_r2_look_at_real_samples_and_at_fakes(shape: tuple[int, ...]) -> None:
    real, fake = batches(*shape)
    found = term("r1-r2", Quadratic(3.0), real, fake, weight=4)
    norms = [x.flatten(1).square().sum(dim=1).mean() for x in (real, fake)]
    torch.testing.assert_close(found.item(), (4 / 2 * 9 * (norms[0] + norms[1])).item())


@shapes
def test_gradient_penalty_looks_between_real_and_fake_with_one_draw_for_each_pair(shape: tuple[int, ...]) -> None:
    real, fake = batches(*shape)
    e = torch.rand(len(real), dtype=torch.float64, generator=rng(5)).reshape(-1, *[1] * len(shape))
    between = (e * real + (1 - e) * fake).flatten(1)
    wanted = ((3 * between.norm(dim=1) - 1) ** 2).mean()
    found = term("gradient-penalty", Quadratic(3.0), real, fake, seed=5, weight=1)
    torch.testing.assert_close(found.item(), wanted.item())


@terms
def test_a_rarer_penalty_is_as_much_stronger(name: str) -> None:
    network, _ = linear_d((2,))
    each, fourth = (term(name, network, *batches(2), every=n) for n in (1, 4))
    torch.testing.assert_close(fourth, 4 * each)


@terms
def test_a_penalty_draws_from_the_given_generator_alone(name: str) -> None:
    before = torch.random.get_rng_state()
    one, other = (term(name, Quadratic(2.0), *batches(2), seed=7) for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_flat_d_has_a_finite_gradient_penalty() -> None:
    network, weight = linear_d((2,))
    nn.init.zeros_(weight)
    found = term("gradient-penalty", network, *batches(2), weight=10)
    assert found == 10
    found.backward()
    assert weight.grad is not None
    assert weight.grad.isfinite().all()


@terms
@pytest.mark.parametrize("values", [{}, {"data.name": "ring8", "generator.name": "mlp", "discriminator.name": "mlp"}])
def test_a_penalty_trains_a_d_with_batch_normalisation(name: str, values: dict[str, Any]) -> None:
    config = TrainConfig().with_values(values | {"discriminator.norm": "batch", "discriminator.norm_first": True})
    _, network = models.build(config)
    real, fake = (batch.float() for batch in batches(*config.shape))
    term(name, network, real, fake).backward()
    assert any(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in network.modules())
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)
    assert any(p.grad.any() for p in network.parameters() if p.grad is not None)


@terms
def test_under_bfloat16_a_penalty_is_computed_in_float32(name: str) -> None:
    _, network = models.build(TrainConfig().with_values({"discriminator.norm": "none", "discriminator.init": "torch"}))
    real = batches(1, 28, 28)[0].float()
    plain = term(name, network, real, real)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = term(name, network, real, real)
    exact = term(name, copy.deepcopy(network).double(), real.double(), real.double())
    assert torch.equal(mixed, plain)
    torch.testing.assert_close(plain.double(), exact, rtol=1e-5, atol=0)
    assert term(name, network, real.bfloat16(), real.bfloat16()).dtype == torch.float32


@terms
def test_a_penalty_can_be_found_where_gradients_are_off(name: str) -> None:
    with torch.no_grad():
        found = term(name, Quadratic(2.0), *batches(2))
    assert found > 0


def test_weight_clipping_cuts_every_weight_to_its_bounds() -> None:
    _, network = models.build(TrainConfig().with_values({"discriminator.init": "torch"}))
    before = [parameter.clone() for parameter in network.parameters()]
    clipping = penalty("clip", clip=0.03)
    clipping.after_step(network)
    for old, new in zip(before, network.parameters(), strict=True):
        assert torch.equal(new, old.clamp(-0.03, 0.03))
    assert clipping.term(network, *batches(1, 28, 28), None) is None


@pytest.mark.parametrize("name", [name for name in PENALTIES if name != "clip"])
def test_other_penalties_leave_the_weights_alone(name: str) -> None:
    network, weight = linear_d((2,))
    before = weight.clone()
    penalty(name).after_step(network)
    assert torch.equal(weight, before)


def test_no_penalty_adds_no_term() -> None:
    assert penalty("none").term(linear_d((2,))[0], *batches(2), None) is None


def test_an_unknown_penalty_is_refused() -> None:
    with pytest.raises(UnknownNameError, match='"r2" is not a known penalty'):
        penalties.get(PenaltyConfig.model_construct(name="r2"))

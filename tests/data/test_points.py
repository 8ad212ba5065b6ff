"""The 2D distributions agree with their definitions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gan_core import data
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS
from gan_core.data import DataError, points

NAMES = [name for name, entry in DATASETS.items() if entry.kind == "points" and name != "drawn"]
MIXTURES = ["gaussian", "ring8", "grid25", "two-gaussians", "three-blobs"]


def config(name: str, **settings: object) -> TrainConfig:
    base = TrainConfig().with_values({"data.name": name, "generator.name": "mlp", "discriminator.name": "mlp"})
    return base.with_values({key.replace("__", "."): value for key, value in settings.items()})


def sample(name: str, n: int = 20_000, seed: int = 0) -> Tensor:
    return points.distribution_of(config(name)).sample(n, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_points_is_that_of_the_config_or_the_catalogue(name: str) -> None:
    assert len(data.load(config(name))) == DATASETS[name].length
    some = data.load(config(name, data__count=123))
    assert some.examples.shape == (123, 2)
    assert some.examples.dtype == torch.float32
    assert some.labels is None


@pytest.mark.parametrize("name", NAMES)
def test_points_depend_only_on_the_seed(name: str) -> None:
    first = data.load(config(name, seed=1)).examples
    state = torch.random.get_rng_state()
    data.forget()
    assert torch.equal(data.load(config(name, seed=1, batch_size=8)).examples, first)
    assert not torch.equal(data.load(config(name, seed=2)).examples, first)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "gaussian"])
def test_points_fill_the_plotted_range(name: str) -> None:
    x = sample(name)
    assert (x.abs().amax(1) < 3.2).float().mean() > 0.999
    assert x.std(0).max() > 0.8


@pytest.mark.parametrize("name", MIXTURES)
def test_samples_have_the_known_moments(name: str) -> None:
    moments = points.distribution_of(config(name)).moments
    assert moments is not None
    x = sample(name, 200_000)
    torch.testing.assert_close(x.mean(0), moments[0], atol=0.03, rtol=0)
    torch.testing.assert_close(x.T.cov(), moments[1], atol=0.05, rtol=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_only_mixtures_have_known_moments_and_only_equal_ones_have_modes(name: str) -> None:
    assert (points.distribution_of(config(name)).moments is not None) == (name in MIXTURES)
    assert (points.distribution_of(config(name)).modes is not None) == (name in ("ring8", "grid25", "two-gaussians"))


@pytest.mark.parametrize(("name", "k", "sigma"), [("ring8", 8, 0.05), ("grid25", 25, 0.05), ("two-gaussians", 2, 0.4)])
def test_every_mode_has_an_equal_share_and_the_known_deviation(name: str, k: int, sigma: float) -> None:
    modes = points.distribution_of(config(name)).modes
    assert modes is not None
    centres, spread = modes
    assert centres.shape == (k, 2)
    assert spread == pytest.approx(sigma)
    x = sample(name, 50_000)
    distance, nearest = torch.cdist(x, centres).min(1)
    shares = torch.bincount(nearest, minlength=k) / len(x)
    assert shares.min() > 0.9 / k
    assert shares.max() < 1.1 / k
    assert distance.square().mean().sqrt() == pytest.approx(sigma * math.sqrt(2), rel=0.03)


def test_the_ring_has_radius_two() -> None:
    modes = points.distribution_of(config("ring8")).modes
    assert modes is not None
    torch.testing.assert_close(modes[0].norm(dim=1), torch.full((8,), 2.0))


def test_the_line_is_straight() -> None:
    x = sample("line")
    off = x @ torch.tensor([-1.0, 2.0]) / math.sqrt(5)
    assert off.std() == pytest.approx(0.05, rel=0.05)
    along = x @ torch.tensor([2.0, 1.0]) / math.sqrt(5)
    assert along.std() == pytest.approx(math.sqrt(20) / math.sqrt(12), rel=0.02)  # uniform over a length of sqrt(20)


def test_the_spiral_has_points_all_along_its_arm() -> None:
    x = sample("spiral")
    angle = torch.linspace(0, 3.5 * math.pi, 1000)
    arm = 2.5 * (angle / angle[-1])[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
    distance, nearest = torch.cdist(x, arm).min(1)
    assert distance.quantile(0.99) < 0.15
    length = (arm.diff(dim=0).norm(dim=1)).cumsum(0)
    along = length[nearest.clamp(max=998)] / length[-1]
    assert torch.histc(along, 10, 0, 1).min() > 0.07 * len(x)  # a tenth each in expectation


def test_the_moons_are_two_equal_interleaved_arcs() -> None:
    x = sample("moons")
    for side in (-1, 1):  # the centres of the two circles are (-0.75, -0.375) and (0.75, 0.375)
        near = ((x - side * torch.tensor([0.75, 0.375])).norm(dim=1) - 1.5).abs() < 0.35
        assert near.float().mean() > 0.45
    torch.testing.assert_close(x.mean(0), torch.zeros(2), atol=0.05, rtol=0)


def test_a_drawing_is_its_points_with_small_noise() -> None:
    strokes = config("drawn", data__points="-1,0; 0,1; 2,-2")
    x = data.load(strokes).examples
    distance, nearest = torch.cdist(x, torch.tensor([[-1.0, 0.0], [0.0, 1.0], [2.0, -2.0]])).min(1)
    assert distance.max() < 0.5
    assert 0.02 < distance.mean() < 0.2
    assert torch.bincount(nearest).min() > 1500
    assert points.distribution_of(strokes).modes is None
    mean = points.distribution_of(strokes).moments
    assert mean is not None
    torch.testing.assert_close(mean[0], torch.tensor([1 / 3, -1 / 3]))


def test_different_drawings_are_different_data() -> None:
    one = data.load(config("drawn", data__points="-1,0")).examples
    other = data.load(config("drawn", data__points="1,0")).examples
    assert one[:, 0].max() < other[:, 0].min()


def test_an_empty_drawing_is_an_error() -> None:
    with pytest.raises(DataError, match="draw a distribution first"):
        data.load(config("drawn"))

"""Distributions of points in the plane: mixtures of Gaussians, and curves with Gaussian noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data import HELD_OUT, DataError, Dataset, Progress
from gan_core.system.random_streams import stream


class Distribution(Protocol):
    """A distribution of points in the plane."""

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`n` independent points, float32 (n, 2)."""

    @property
    def modes(self) -> tuple[Tensor, float] | None:
        """Centres (K, 2) and standard deviation of a mixture of K > 1 equal Gaussians; None for others."""

    @property
    def moments(self) -> tuple[Tensor, Tensor] | None:
        """Mean (2,) and covariance (2, 2), if they are known in closed form."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """x = z A_k + c_k with z ~ N(0, I2), where k has the probability weights[k]."""

    centres: Tensor  # c, (K, 2)
    factors: Tensor  # A, (K, 2, 2): component k has the covariance A_k^T A_k
    weights: Tensor  # (K,), their sum is 1

    @classmethod
    def equal(cls, centres: Tensor, sigma: float) -> Mixture:
        """Isotropic Gaussians of equal size and weight at `centres` (K, 2)."""
        k = len(centres)
        return cls(centres, (sigma * torch.eye(2)).expand(k, 2, 2), torch.full((k,), 1 / k))

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        k = torch.multinomial(self.weights, n, replacement=True, generator=rng)
        z = torch.randn(n, 1, 2, generator=rng)
        return (z @ self.factors[k]).squeeze(1) + self.centres[k]

    @property
    def modes(self) -> tuple[Tensor, float] | None:
        sigma = float(self.factors[0, 0, 0])
        equal = torch.equal(self.factors, (sigma * torch.eye(2)).expand_as(self.factors))
        even = torch.equal(self.weights, self.weights[:1].expand_as(self.weights))
        return (self.centres, sigma) if equal and even and len(self.centres) > 1 else None

    @property
    def moments(self) -> tuple[Tensor, Tensor]:
        mean = self.weights @ self.centres
        inner = self.factors.mT @ self.factors
        outer = (self.centres - mean).unsqueeze(2) * (self.centres - mean).unsqueeze(1)
        return mean, (self.weights[:, None, None] * (inner + outer)).sum(0)


class _Strokes(Mixture):
    """A mixture whose components are so close together that they form strokes and not separate modes."""

    modes = None


@dataclass(frozen=True, eq=False)
class Curve:
    """x = f(t) + sigma z with t uniform in [0, 1) and z ~ N(0, I2)."""

    f: Callable[[Tensor], Tensor]  # (n,) -> (n, 2)
    sigma: float

    modes = None
    moments = None

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        t = torch.rand(n, generator=rng)
        return self.f(t) + self.sigma * torch.randn(n, 2, generator=rng)


@dataclass(frozen=True)
class PointSet:
    """A loader of points: `of(config)` is the distribution; a call samples the training examples from it."""

    of: Callable[[TrainConfig], Distribution]

    def __call__(self, config: TrainConfig, progress: Progress) -> Dataset:
        n, distribution = config.data.count or config.dataset.length, self.of(config)
        examples = distribution.sample(n, stream(config.seed, "data"))
        held_out_points = distribution.sample(HELD_OUT, stream(config.seed, "data held out"))
        held_out = Dataset(held_out_points, None, (), config.dataset.credit)
        return Dataset(examples, None, (), config.dataset.credit, held_out=held_out)


def distribution_of(config: TrainConfig) -> Distribution:
    """The distribution of a config's points. Raises `DataError` if the user drew none."""
    point_set: PointSet = config.dataset.load()
    return point_set.of(config)


# ---- the distributions ----------------------------------------------------------------------------------------------


@PointSet
def gaussian(config: TrainConfig) -> Distribution:
    """The tilted Gaussian of Zhang et al., Dive into Deep Learning, 17.1."""
    return Mixture(torch.tensor([[1.0, 2.0]]), torch.tensor([[[1.0, 2.0], [-0.1, 0.5]]]), torch.ones(1))


@PointSet
def ring8(config: TrainConfig) -> Distribution:
    """Eight Gaussians on a circle, the test of Metz et al., Unrolled Generative Adversarial Networks, 2017."""
    return Mixture.equal(2 * _circle(torch.arange(8) / 8), 0.05)


@PointSet
def grid25(config: TrainConfig) -> Distribution:
    return Mixture.equal(torch.cartesian_prod(torch.linspace(-2, 2, 5), torch.linspace(-2, 2, 5)), 0.05)


@PointSet
def line(config: TrainConfig) -> Distribution:
    return Curve(lambda t: (2 * t - 1)[:, None] * torch.tensor([2.0, 1.0]), 0.05)


@PointSet
def two_gaussians(config: TrainConfig) -> Distribution:
    return Mixture.equal(torch.tensor([[-1.25, -0.75], [1.25, 0.75]]), 0.4)


@PointSet
def three_blobs(config: TrainConfig) -> Distribution:
    centres = torch.tensor([[-1.5, 1.0], [1.5, 1.25], [0.25, -1.5]])
    factors = torch.tensor([[[0.35, 0.0], [0.0, 0.35]], [[0.15, 0.35], [-0.1, 0.05]], [[0.8, 0.1], [0.0, 0.15]]])
    return Mixture(centres, factors, torch.tensor([0.5, 0.2, 0.3]))


@PointSet
def spiral(config: TrainConfig) -> Distribution:
    """One arm of 1.75 turns; the square root spreads the points about evenly along the arm."""
    return Curve(lambda t: 2.5 * t.sqrt()[:, None] * _circle(1.75 * t.sqrt()), 0.05)


@PointSet
def moons(config: TrainConfig) -> Distribution:
    """Two half circles that interlock."""

    def arcs(t: Tensor) -> Tensor:
        upper = t < 0.5
        arc = _circle(t % 0.5) - torch.tensor([0.5, 0.25])
        return 1.5 * torch.where(upper[:, None], arc, -arc)

    return Curve(arcs, 0.1)


@PointSet
def drawn(config: TrainConfig) -> Distribution:
    """The points that the user drew, each with Gaussian noise."""
    if not config.data.points:
        raise DataError("Nothing is drawn yet: draw a distribution first, or choose another data set")
    return _Strokes.equal(torch.tensor(config.data.points), 0.08)


def _circle(turns: Tensor) -> Tensor:
    """Points (n, 2) on the unit circle, after `turns` (n,) full turns from (1, 0)."""
    return torch.stack([torch.cos(2 * math.pi * turns), torch.sin(2 * math.pi * turns)], dim=1)

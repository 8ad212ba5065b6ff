"""Quality of generated points in the plane: divergences on a histogram, moments, modes and Wasserstein distances.

The divergence of two samples of n from the same distribution over k cells is near k / n, so few samples make even a
perfect generator look bad. With SAMPLES points a perfect generator reads a KL below 0.1 and a JS below 0.02 bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data.points import distribution_of
from gan_core.metrics import bootstrap, wasserstein
from gan_core.metrics.bootstrap import Interval
from gan_core.metrics.frechet import moments as sample_moments
from gan_core.metrics.registry import Provenance
from gan_core.system.random_streams import stream

SAMPLES = 20_000  # generated points for one evaluation
_TRUE_SAMPLES = 100_000
_CELLS = 24  # per side of the histogram; one more cell holds all points outside it
_MARGIN = 0.1  # of the true extent, on each side
_PRIOR = 0.5  # added to each cell's count (Krichevsky and Trofimov, 1981), so that no cell has probability 0
_NEAR = 4.0  # standard deviations within which a point belongs to a mode
_FAIR = 0.2  # a mode is covered if it gets this share of the points it should get
_BATCHES, _PAIRED = 10, 500  # batches for the Wasserstein distance, and points per batch
_SLICED = _BATCHES * _PAIRED  # points for the sliced Wasserstein distance
_BOUNDS = {"js": (0.0, 1.0), "good": (0.0, 1.0)}


@dataclass(frozen=True, eq=False)
class Fit:
    """Metrics of n generated points against the true distribution.

    `PointEvaluator.fit` leaves the Wasserstein distances and the intervals empty; `PointEvaluator.evaluate` fills them.
    """

    n: int
    kl: float  # KL(true || generated) in bits; 0 is perfect
    js: float  # Jensen-Shannon divergence in bits; 0 is perfect, 1 is no overlap
    mean: np.ndarray  # (2,), of the generated points
    covariance: np.ndarray  # (2, 2)
    true_mean: np.ndarray
    true_covariance: np.ndarray
    modes: int | None  # modes of the true distribution; None if it has none
    covered: int | None  # modes that get at least a fifth of their share of points
    good: float | None  # share of points within 4 standard deviations of a mode
    wasserstein: float | None = None  # 1-Wasserstein distance, in the data's units
    sliced: float | None = None  # sliced 2-Wasserstein distance, in the data's units
    intervals: Mapping[str, Interval] = field(default_factory=dict)  # 95 %, by metric name
    floor: Fit | None = None  # score of SAMPLES true points

    @property
    def mean_error(self) -> float:
        """Distance between the means, in the units of the data."""
        return float(np.linalg.norm(self.mean - self.true_mean))

    @property
    def covariance_error(self) -> float:
        """Frobenius norm of the difference of the covariances, relative to the norm of the true one."""
        return float(np.linalg.norm(self.covariance - self.true_covariance) / np.linalg.norm(self.true_covariance))

    def provenance(self, name: str) -> Provenance:
        """The data that the metric of this name was measured on."""
        n = min(self.n, _SLICED) if name in ("wasserstein", "sliced") else self.n
        return Provenance(n, "fresh points of the true distribution", "coordinates")


class PointEvaluator:
    """Evaluates points against the true distribution of one config, which is sampled once."""

    def __init__(self, config: TrainConfig) -> None:
        self._distribution = distribution_of(config)
        true = self._distribution.sample(_TRUE_SAMPLES, stream(config.seed, "points to judge by"))
        low, high = true.amin(0), true.amax(0)
        margin = _MARGIN * (high - low).clamp_min(1e-3)
        sides = torch.stack((low - margin, high + margin), dim=1).tolist()
        self._edges = [torch.linspace(start, end, _CELLS + 1) for start, end in sides]
        self._true = self._frequencies(true)
        exact_moments = self._distribution.moments
        mean, covariance = exact_moments if exact_moments is not None else (true.mean(0), true.T.cov())
        self._mean, self._covariance = mean.numpy(), covariance.numpy()
        self._modes = self._distribution.modes
        self._seed, self._true_points = config.seed, true

    def fit(self, points: Tensor) -> Fit:
        """The fast metrics of generated points (n, 2) and their floor: hundredths of a second for SAMPLES points.

        Raises `ValueError` if a coordinate is NaN or infinite, or there are fewer than two points.
        """
        return replace(self._fit(points), floor=self._floor_of_fit)

    def _fit(self, points: Tensor) -> Fit:
        if len(points) < 2 or not bool(torch.isfinite(points).all()):
            raise ValueError(f"cannot evaluate {len(points)} points: at least two are needed, all finite")
        generated = self._frequencies(points)
        covered, good = self._coverage(points)
        return Fit(
            n=len(points),
            kl=_divergence(self._true, generated),
            js=_jensen_shannon(self._true, generated),
            mean=points.mean(0).numpy(),
            covariance=points.T.cov().numpy(),
            true_mean=self._mean,
            true_covariance=self._covariance,
            modes=len(self._modes[0]) if self._modes else None,
            covered=covered,
            good=good,
        )

    def evaluate(self, points: Tensor) -> Fit:
        """All metrics of generated points (n, 2), with intervals and floor: about a second for SAMPLES points.

        Raises `ValueError` if a coordinate is NaN or infinite, or there are fewer than two points.
        """
        return replace(self._evaluate(points), floor=self._floor)

    @cached_property
    def _floor(self) -> Fit:
        return self._evaluate(self._sample_for_floor())

    @cached_property
    def _floor_of_fit(self) -> Fit:
        return self._fit(self._sample_for_floor())

    def _sample_for_floor(self) -> Tensor:
        return self._distribution.sample(SAMPLES, stream(self._seed, "points for the floor"))

    def _evaluate(self, points: Tensor) -> Fit:
        fit = self._fit(points)
        weights = bootstrap.weights(len(points), stream(0, "resamples"))  # the same points get the same intervals
        cells = self._cells(points).expand(len(weights), -1)
        counts = torch.zeros(len(weights), _CELLS**2 + 1, dtype=torch.float64).scatter_add_(1, cells, weights)
        shares = [_shares(row) for row in counts]
        means, covariances = zip(*(sample_moments(points, row) for row in weights), strict=True)
        resampled = [
            replace(fit, mean=m.numpy(), covariance=c.numpy()) for m, c in zip(means, covariances, strict=True)
        ]
        rows = {
            "kl": torch.tensor([_divergence(self._true, row) for row in shares]),
            "js": torch.tensor([_jensen_shannon(self._true, row) for row in shares]),
            "mean_error": torch.tensor([other.mean_error for other in resampled]),
            "covariance_error": torch.tensor([other.covariance_error for other in resampled]),
        }
        if self._modes is not None:
            near = self._nearest(points)[0] <= _NEAR * self._modes[1]
            rows["good"] = weights @ near.double() / len(points)
        some = points[:_SLICED]
        true = self._true_points[: len(some)]
        weights = bootstrap.weights(len(some), stream(0, "resamples of some"))
        rows["sliced"] = wasserstein.sliced(true, some, weights, stream(0, "directions"))
        pairs = zip(true.split(_PAIRED), some.split(_PAIRED), strict=True)
        batches = torch.tensor(
            [wasserstein.wasserstein(*pair) for pair in pairs if len(pair[1]) == len(some[:_PAIRED])]
        )
        rows["wasserstein"] = bootstrap.weights(len(batches), stream(0, "batches")) @ batches.double() / len(batches)
        estimates = {name: bootstrap.estimate(row, *_BOUNDS.get(name, (0.0, math.inf))) for name, row in rows.items()}
        intervals = {name: interval for name, (_, interval) in estimates.items()}
        if len(batches) == 1:
            del intervals["wasserstein"]
        return replace(fit, wasserstein=estimates["wasserstein"][0], sliced=estimates["sliced"][0], intervals=intervals)

    def _frequencies(self, points: Tensor) -> Tensor:
        """Share of points in each cell of the histogram: (_CELLS**2 + 1,)."""
        return _shares(torch.bincount(self._cells(points), minlength=_CELLS**2 + 1).double())

    def _cells(self, points: Tensor) -> Tensor:
        """The histogram cell of each point, the last cell being outside: int64 (n,)."""
        columns, rows = (
            torch.bucketize(x.contiguous(), edges) - 1 for x, edges in zip(points.T, self._edges, strict=True)
        )
        inside = (columns >= 0) & (columns < _CELLS) & (rows >= 0) & (rows < _CELLS)
        return torch.where(inside, columns + _CELLS * rows, _CELLS**2)

    def _coverage(self, points: Tensor) -> tuple[int | None, float | None]:
        if self._modes is None:
            return None, None
        centres, sigma = self._modes
        distance, nearest = self._nearest(points)
        near = nearest[distance <= _NEAR * sigma]
        share = torch.bincount(near, minlength=len(centres)) / len(points)
        return int((share >= _FAIR / len(centres)).sum()), len(near) / len(points)

    def _nearest(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Distance to the nearest mode's centre and the index of that mode: (n,) each."""
        assert self._modes is not None
        distance, nearest = torch.cdist(points, self._modes[0]).min(dim=1)
        return distance, nearest


def _shares(counts: Tensor) -> Tensor:
    return (counts + _PRIOR) / (counts + _PRIOR).sum()


def _jensen_shannon(p: Tensor, q: Tensor) -> float:
    """Lin (1991): the mean divergence of p and q from their mixture (p + q) / 2, in bits."""
    mixture = (p + q) / 2
    return (_divergence(p, mixture) + _divergence(q, mixture)) / 2


def _divergence(p: Tensor, q: Tensor) -> float:
    """Kullback and Leibler (1951): sum p log2(p / q), in bits."""
    return float((p * (p / q).log2()).sum())

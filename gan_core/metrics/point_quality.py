"""How close generated points in the plane come to the true distribution, with enough samples to say so.

A histogram from too few samples makes even a perfect generator look bad: the divergences of two samples of n from the
same distribution over k cells are near k / n, not 0. Here a perfect generator reads KL below 0.1, JS below 0.02 bits.
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
from gan_core.data.points import draw, modes, moments
from gan_core.metrics import bootstrap, wasserstein
from gan_core.metrics.bootstrap import Interval
from gan_core.metrics.frechet import moments as sample_moments
from gan_core.metrics.registry import Provenance
from gan_core.system.random_streams import stream

SAMPLES = 20_000  # generated points that a judgement looks at
_TRUE_SAMPLES = 100_000
_CELLS = 24  # along a side of the histogram; one more cell holds all that lies outside
_MARGIN = 0.1  # of the true extent, on each side
_PRIOR = 0.5  # added to each cell's count (Krichevsky and Trofimov, 1981), so that an empty one is not impossible
_NEAR = 4.0  # standard deviations within which a point belongs to a mode
_FAIR = 0.2  # share of its due that makes a mode count as covered
_BATCHES, _PAIRED = 10, 500  # batches of points for the Wasserstein distance, and points in each
_SLICED = _BATCHES * _PAIRED  # points for the sliced one
_WITHIN = {"js": (0.0, 1.0), "good": (0.0, 1.0)}


@dataclass(frozen=True, eq=False)
class Fit:
    """A judgement of n generated points against the true distribution."""

    n: int
    kl: float  # KL(true || generated) in bits; 0 is perfect
    js: float  # Jensen-Shannon divergence in bits; 0 is perfect, 1 is nothing in common
    mean: np.ndarray  # (2,), of the generated points
    covariance: np.ndarray  # (2, 2)
    true_mean: np.ndarray
    true_covariance: np.ndarray
    modes: int | None  # blobs of the true distribution; None where it has none
    covered: int | None  # blobs that get at least a fifth of their due
    good: float | None  # share of points within 4 standard deviations of a blob
    wasserstein: float | None = None  # cheapest way to the truth, in the data's units; only a full judgement has it
    sliced: float | None = None  # the same seen from many directions; only a full judgement has it
    intervals: Mapping[str, Interval] = field(default_factory=dict)  # 95 %, by name; only a full judgement has them
    floor: Fit | None = None  # what as many true points score; only a full judgement has it

    @property
    def mean_error(self) -> float:
        """Distance between the means, in the units of the data."""
        return float(np.linalg.norm(self.mean - self.true_mean))

    @property
    def covariance_error(self) -> float:
        """Frobenius norm of the covariances' difference, as a share of the true covariance's."""
        return float(np.linalg.norm(self.covariance - self.true_covariance) / np.linalg.norm(self.true_covariance))

    def basis(self, name: str) -> Provenance:
        """What the figure of this name was measured on."""
        n = min(self.n, _SLICED) if name in ("wasserstein", "sliced") else self.n
        return Provenance(n, "fresh points of the true distribution", "coordinates")


class PointEvaluator:
    """Judges points against the distribution of one config; the true side is drawn once."""

    def __init__(self, config: TrainConfig) -> None:
        true = draw(config, _TRUE_SAMPLES, stream(config.seed, "points to judge by"))
        low, high = true.amin(0), true.amax(0)
        margin = _MARGIN * (high - low).clamp_min(1e-3)
        sides = torch.stack((low - margin, high + margin), dim=1).tolist()
        self._edges = [torch.linspace(start, end, _CELLS + 1) for start, end in sides]
        self._true = self._frequencies(true)
        known = moments(config)
        mean, covariance = known if known is not None else (true.mean(0), true.T.cov())
        self._mean, self._covariance = mean.numpy(), covariance.numpy()
        self._modes = modes(config)
        self._config, self._true_points = config, true

    def __call__(self, points: Tensor) -> Fit:
        """The fit of generated points (n, 2); best with SAMPLES of them.

        Raises:
            ValueError: a point is no number, or there are fewer than two.
        """
        if len(points) < 2 or not bool(torch.isfinite(points).all()):
            raise ValueError(f"cannot judge {len(points)} points: at least two are needed, all of them finite")
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

    def in_full(self, points: Tensor) -> Fit:
        """The fit with Wasserstein distances, intervals and the floor: a second's work, where calling takes hundredths.

        Raises:
            ValueError: a point is no number, or there are fewer than two.
        """
        return replace(self._in_full(points), floor=self._floor)

    @cached_property
    def _floor(self) -> Fit:
        return self._in_full(draw(self._config, SAMPLES, stream(self._config.seed, "points for the floor")))

    def _in_full(self, points: Tensor) -> Fit:
        fit = self(points)
        weights = bootstrap.weights(len(points), stream(0, "resamples"))  # the same points get the same intervals
        cells = self._cells(points).expand(len(weights), -1)
        counts = torch.zeros(len(weights), _CELLS**2 + 1, dtype=torch.float64).scatter_add_(1, cells, weights)
        shares = [_shares(row) for row in counts]
        means, covariances = zip(*(sample_moments(points, row) for row in weights), strict=True)
        again = [replace(fit, mean=m.numpy(), covariance=c.numpy()) for m, c in zip(means, covariances, strict=True)]
        figures = {
            "kl": torch.tensor([_divergence(self._true, row) for row in shares]),
            "js": torch.tensor([_jensen_shannon(self._true, row) for row in shares]),
            "mean_error": torch.tensor([other.mean_error for other in again]),
            "covariance_error": torch.tensor([other.covariance_error for other in again]),
        }
        if self._modes is not None:
            near = self._nearest(points)[0] <= _NEAR * self._modes[1]
            figures["good"] = weights @ near.double() / len(points)
        some = points[:_SLICED]
        true = self._true_points[: len(some)]
        weights = bootstrap.weights(len(some), stream(0, "resamples of some"))
        figures["sliced"] = wasserstein.sliced(true, some, weights, stream(0, "directions"))
        pairs = zip(true.split(_PAIRED), some.split(_PAIRED), strict=True)
        batches = torch.tensor(
            [wasserstein.wasserstein(*pair) for pair in pairs if len(pair[1]) == len(some[:_PAIRED])]
        )
        figures["wasserstein"] = bootstrap.weights(len(batches), stream(0, "batches")) @ batches.double() / len(batches)
        read = {name: bootstrap.read(rows, *_WITHIN.get(name, (0.0, math.inf))) for name, rows in figures.items()}
        return replace(
            fit,
            wasserstein=read["wasserstein"][0],
            sliced=read["sliced"][0],
            intervals={
                name: interval for name, (_, interval) in read.items() if name != "wasserstein" or len(batches) > 1
            },
        )

    def _frequencies(self, points: Tensor) -> Tensor:
        """Share of points in each cell of the histogram: (_CELLS**2 + 1,)."""
        return _shares(torch.bincount(self._cells(points), minlength=_CELLS**2 + 1).double())

    def _cells(self, points: Tensor) -> Tensor:
        """The cell of the histogram that each point lies in, the last being everywhere else: int64 (n,)."""
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
        """Distance to the nearest blob's centre, and which blob that is: (n,) each."""
        assert self._modes is not None
        distance, nearest = torch.cdist(points, self._modes[0]).min(dim=1)
        return distance, nearest


def _shares(counts: Tensor) -> Tensor:
    return (counts + _PRIOR) / (counts + _PRIOR).sum()


def _jensen_shannon(p: Tensor, q: Tensor) -> float:
    """Lin (1991): the mean divergence of two distributions from their middle, in bits."""
    middle = (p + q) / 2
    return (_divergence(p, middle) + _divergence(q, middle)) / 2


def _divergence(p: Tensor, q: Tensor) -> float:
    """Kullback and Leibler (1951): sum p log2(p / q), in bits."""
    return float((p * (p / q).log2()).sum())

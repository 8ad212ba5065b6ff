"""How close generated points in the plane come to the true distribution, with enough samples to say so.

A histogram from too few samples makes even a perfect generator look bad: the divergences of two samples of n from the
same distribution over k cells are near k / n, not 0. Here a perfect generator reads KL below 0.1, JS below 0.02 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data.points import draw, modes, moments
from gan_core.randomness import stream

SAMPLES = 20_000  # generated points that a judgement looks at
_TRUE_SAMPLES = 100_000
_CELLS = 24  # along a side of the histogram; one more cell holds all that lies outside
_MARGIN = 0.1  # of the true extent, on each side
_PRIOR = 0.5  # added to each cell's count (Krichevsky and Trofimov, 1981), so that an empty one is not impossible
_NEAR = 4.0  # standard deviations within which a point belongs to a mode
_FAIR = 0.2  # share of its due that makes a mode count as covered


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

    @property
    def mean_error(self) -> float:
        """Distance between the means, in the units of the data."""
        return float(np.linalg.norm(self.mean - self.true_mean))

    @property
    def covariance_error(self) -> float:
        """Frobenius norm of the covariances' difference, as a share of the true covariance's."""
        return float(np.linalg.norm(self.covariance - self.true_covariance) / np.linalg.norm(self.true_covariance))


class Judge:
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

    def __call__(self, points: Tensor) -> Fit:
        """The fit of generated points (n, 2); best with SAMPLES of them.

        Raises:
            ValueError: a point is no number, or there are fewer than two.
        """
        if len(points) < 2 or not bool(torch.isfinite(points).all()):
            raise ValueError(f"cannot judge {len(points)} points: at least two are needed, all of them finite")
        generated = self._frequencies(points)
        middle = (self._true + generated) / 2
        covered, good = self._coverage(points)
        return Fit(
            n=len(points),
            kl=_divergence(self._true, generated),
            js=(_divergence(self._true, middle) + _divergence(generated, middle)) / 2,
            mean=points.mean(0).numpy(),
            covariance=points.T.cov().numpy(),
            true_mean=self._mean,
            true_covariance=self._covariance,
            modes=len(self._modes[0]) if self._modes else None,
            covered=covered,
            good=good,
        )

    def _frequencies(self, points: Tensor) -> Tensor:
        """Share of points in each cell of the histogram, the last cell being everywhere else: (_CELLS**2 + 1,)."""
        columns, rows = (
            torch.bucketize(x.contiguous(), edges) - 1 for x, edges in zip(points.T, self._edges, strict=True)
        )
        inside = (columns >= 0) & (columns < _CELLS) & (rows >= 0) & (rows < _CELLS)
        cells = torch.where(inside, columns + _CELLS * rows, _CELLS**2)
        counts = torch.bincount(cells, minlength=_CELLS**2 + 1).double() + _PRIOR
        return counts / counts.sum()

    def _coverage(self, points: Tensor) -> tuple[int | None, float | None]:
        if self._modes is None:
            return None, None
        centres, sigma = self._modes
        distance, nearest = torch.cdist(points, centres).min(dim=1)
        near = nearest[distance <= _NEAR * sigma]
        share = torch.bincount(near, minlength=len(centres)) / len(points)
        return int((share >= _FAIR / len(centres)).sum()), len(near) / len(points)


def _divergence(p: Tensor, q: Tensor) -> float:
    """Kullback and Leibler (1951): sum p log2(p / q), in bits."""
    return float((p * (p / q).log2()).sum())

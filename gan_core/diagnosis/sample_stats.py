"""Figures that say in a few numbers what the samples of one moment show."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from gan_core.diagnosis.findings import SampleStats

KEPT = 400  # sample_stats of one run
_CERTAIN = 4  # standard errors by which scores must differ to say so
_SAMPLES = 128  # samples that a sample_stats reads
_NUMBERS = 4_000_000  # numbers of the data that it searches: all of 5,000 digits, 2,000 points


class SampleStatsMeter:
    """Compares samples with the real ones they are shown beside; the real side is measured once.

    Args:
        examples: the data, uint8 images (N, C, H, W) or points (N, 2).
        picked: which of them are displayed, (m,).
    """

    def __init__(self, examples: Tensor, picked: Tensor) -> None:
        points = examples.ndim == 2
        self._scale = 1.0 if points else 255.0
        most = 2000 if points else max(256, _NUMBERS // examples[0].numel())
        self._data = self._flat(examples[:most])  # images stand in random order, points are drawn independently
        self._half_squares = self._data.square().sum(dim=1) / 2
        real = self._flat(examples[picked[:_SAMPLES]])
        self._real_spread = _spread(real)
        distances = torch.cdist(real, self._data)
        row, column = torch.nonzero(picked[:_SAMPLES, None] == torch.arange(len(self._data)), as_tuple=True)
        distances[row, column] = math.inf  # a real example is not its own neighbour
        nearest = distances.amin(dim=1)
        self._real_nearest = float(nearest[nearest.isfinite()].median()) if bool(nearest.isfinite().any()) else 0.0

    def __call__(
        self,
        samples: np.ndarray,
        step: int,
        covered: float | None = None,
        js: float | None = None,
        overfit: float | None = None,
    ) -> SampleStats | None:
        """Statistics of samples (n, H, W, C) uint8 or (n, 2) float32; None if they are not finite or too few."""
        shown = torch.from_numpy(samples[:_SAMPLES])
        if shown.ndim == 4:
            shown = shown.permute(0, 3, 1, 2)
        x = self._flat(shown)
        if len(x) < 2 or not bool(x.isfinite().all()):
            return None
        order = torch.addmm(self._half_squares, x, self._data.T, alpha=-1)  # of |x - d|^2 = |x|^2 + ...
        closest = order.topk(min(2, len(self._data)), dim=1, largest=False).indices
        nearest, second = (x[:, None] - self._data[closest]).norm(dim=2).T[[0, -1]]
        return SampleStats(
            step,
            _over(_spread(x), self._real_spread),
            _over(float(nearest.median()), self._real_nearest),
            covered,
            float((nearest / second.clamp(min=1e-6)).median()),
            js,
            overfit,
        )

    def _flat(self, x: Tensor) -> Tensor:
        return x.flatten(1).float() / self._scale


def overfitting(seen: np.ndarray, unseen: np.ndarray, fake: np.ndarray) -> float:
    """How far D takes real examples that it was not trained on, (k,), for fakes (n,) rather than for those (m,) it was.

    r_v = (E[D(x_seen)] - E[D(x_unseen)]) / (E[D(x_seen)] - E[D(G(z))]) of Karras et al. (2020), "Training Generative
    Adversarial Networks with Limited Data", equation 1: 0 where D treats all real ones alike, 1 where it has learnt
    the seen ones by heart. 0 too while the scores differ by no more than chance.
    """
    difference, gap = float(seen.mean() - unseen.mean()), float(seen.mean() - fake.mean())
    chance = float(np.sqrt(seen.var() / len(seen) + unseen.var() / len(unseen)))
    return difference / gap if gap > 0 and difference > _CERTAIN * chance else 0.0


class SampleStatsLog:
    """The sample_stats of one run, oldest first: bounded, thinned towards the past."""

    def __init__(self, past: Iterable[SampleStats] = ()) -> None:
        self._kept: list[SampleStats] = []
        for sample_stats in past:
            self.add(sample_stats)

    def add(self, sample_stats: SampleStats) -> bool:
        """Keep a sample_stats; whether it is new: a second one of the same step takes the place of the first."""
        new = not self._kept or self._kept[-1].step < sample_stats.step
        while self._kept and self._kept[-1].step >= sample_stats.step:
            self._kept.pop()
        self._kept.append(sample_stats)
        if len(self._kept) > KEPT:
            half = KEPT // 2
            self._kept[:half] = self._kept[:half:2]
        return new

    def view(self) -> tuple[SampleStats, ...]:
        return tuple(self._kept)


def _spread(x: Tensor) -> float:
    """Mean distance between two of the rows of x, (n, d)."""
    return float(torch.pdist(x).mean()) if len(x) > 1 else 0.0


def _over(value: float, by: float) -> float:
    """Their ratio; of nothing by nothing 1."""
    return value / max(by, 1e-6) if by > 1e-6 or value > 1e-6 else 1.0

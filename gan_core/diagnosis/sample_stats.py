"""Statistics of the displayed samples: their spread, their distance to real examples, and D's overfitting."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from gan_core.diagnosis.findings import SampleStats

KEPT = 400  # statistics kept per run
_SIGNIFICANT = 4  # standard errors by which two mean scores must differ
_SAMPLES = 128  # samples read per statistic
_SEARCHED = 4_000_000  # numbers of the data that are searched: all of 5,000 digits, or 2,000 points


class SampleStatsMeter:
    """Compares samples with real examples, which are measured once.

    Args:
        examples: the data, uint8 images (N, C, H, W) or points (N, 2).
        picked: indices of the displayed real examples, (m,).
    """

    def __init__(self, examples: Tensor, picked: Tensor) -> None:
        points = examples.ndim == 2
        self._scale = 1.0 if points else 255.0
        most = 2000 if points else max(256, _SEARCHED // examples[0].numel())
        self._data = self._flat(examples[:most])  # a random subset: images are shuffled, points are independent
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
        """Statistics of samples (n, H, W, C) uint8 or (n, 2) float32; None if one is not finite or n is below 2."""
        shown = torch.from_numpy(samples[:_SAMPLES])
        if shown.ndim == 4:
            shown = shown.permute(0, 3, 1, 2)
        x = self._flat(shown)
        if len(x) < 2 or not bool(x.isfinite().all()):
            return None
        order = torch.addmm(self._half_squares, x, self._data.T, alpha=-1)  # |x - d|^2 / 2 - |x|^2 / 2
        closest = order.topk(min(2, len(self._data)), dim=1, largest=False).indices
        nearest, second = (x[:, None] - self._data[closest]).norm(dim=2).T[[0, -1]]
        return SampleStats(
            step,
            _relative(_spread(x), self._real_spread),
            _relative(float(nearest.median()), self._real_nearest),
            covered,
            float((nearest / second.clamp(min=1e-6)).median()),
            js,
            overfit,
        )

    def _flat(self, x: Tensor) -> Tensor:
        return x.flatten(1).float() / self._scale


def overfitting(seen: np.ndarray, unseen: np.ndarray, fake: np.ndarray) -> float:
    """How much lower D scores real examples outside its training set, relative to fakes.

    r_v = (E[D(x_seen)] - E[D(x_unseen)]) / (E[D(x_seen)] - E[D(G(z))]) of Karras et al. (2020), "Training Generative
    Adversarial Networks with Limited Data", equation 1: 0 if D scores seen and unseen examples alike, 1 if it scores
    unseen examples like fakes. Also 0 if the difference is within the noise.

    Args:
        seen, unseen, fake: D's scores, (m,), (k,) and (n,).
    """
    difference, gap = float(seen.mean() - unseen.mean()), float(seen.mean() - fake.mean())
    standard_error = float(np.sqrt(seen.var() / len(seen) + unseen.var() / len(unseen)))
    return difference / gap if gap > 0 and difference > _SIGNIFICANT * standard_error else 0.0


class SampleStatsLog:
    """The sample statistics of one run, oldest first. At most KEPT are kept: the older half evenly over the steps."""

    def __init__(self, past: Iterable[SampleStats] = ()) -> None:
        self._kept: list[SampleStats] = []
        for stats in past:
            self.add(stats)

    def add(self, stats: SampleStats) -> bool:
        """Append statistics; those of the same or a later step are replaced. Returns whether the step is new."""
        new = not self._kept or self._kept[-1].step < stats.step
        while self._kept and self._kept[-1].step >= stats.step:
            self._kept.pop()
        self._kept.append(stats)
        if len(self._kept) > KEPT:
            older, self._kept = self._kept[: KEPT // 2], self._kept[KEPT // 2 :]
            steps = [stats.step for stats in older]
            even = np.linspace(steps[0], steps[-1], len(older) // 2)
            self._kept[:0] = [older[row] for row in np.unique(np.searchsorted(steps, even))]
        return new

    def view(self) -> tuple[SampleStats, ...]:
        return tuple(self._kept)


def _spread(x: Tensor) -> float:
    """Mean distance between two rows of x, (n, d)."""
    return float(torch.pdist(x).mean()) if len(x) > 1 else 0.0


def _relative(value: float, reference: float) -> float:
    """value / reference; 1 if both are 0."""
    return value / max(reference, 1e-6) if reference > 1e-6 or value > 1e-6 else 1.0

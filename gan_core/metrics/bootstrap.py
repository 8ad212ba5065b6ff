"""The bootstrap (Efron, 1979): how uncertain a metric is, from resampled sets of generated examples.

A metric function takes `weights` (R, n): how often each of n generated examples counts in each of R sets. Row 0 counts
each example once, so the first of the R results is the metric itself. Features and distances are computed once.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

RESAMPLES = 32  # the standard error is then known to about an eighth
_STANDARD_ERRORS = 1.96  # to each side: 95 % of a normal distribution

Interval = tuple[float, float]
"""95 % interval of a metric, for another set of as many generated examples."""


def once(n: int) -> Tensor:
    """Weights that count each of `n` examples once, without resampling: float64 (1, n)."""
    return torch.ones(1, n, dtype=torch.float64)


def weights(n: int, rng: Generator, resamples: int = RESAMPLES) -> Tensor:
    """Weights of `n` examples, each once in row 0 and resampled in the other rows: float64 (1 + resamples, n)."""
    indices = torch.randint(n, (resamples, n), generator=rng)
    counts = torch.stack([row.bincount(minlength=n) for row in indices])
    return torch.cat((once(n), counts.double()))


def estimate(rows: Tensor, low: float = -math.inf, high: float = math.inf) -> tuple[float, Interval]:
    """A metric and its interval from its values for all weights (R,); both are clipped to [low, high].

    The interval is centred on the metric and as wide as the resamples spread. Their percentiles would be biased: a
    resample repeats examples, so it always lies a little farther from the data and covers a little less of them.
    """
    value = float(rows[0])
    margin = _STANDARD_ERRORS * float(rows[1:].std()) if len(rows) > 2 else 0.0
    return min(max(value, low), high), (max(low, value - margin), min(high, value + margin))

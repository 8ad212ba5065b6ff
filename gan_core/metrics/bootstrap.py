"""How sure a figure is: the same figure of sets drawn anew from the generated one (the bootstrap; Efron, 1979).

A measure takes `weights` (R, n): how often each of n generated examples counts in each of R sets. The first row counts
each once, so the first of the R figures that come back is the figure itself. Features and distances are found once.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

RESAMPLES = 32  # their spread is then known to an eighth of itself
_SPREADS = 1.96  # standard errors to each side: 95 % of a normal distribution

Interval = tuple[float, float]
"""From where to where the figure would likely lie (95 %), had as many other examples been generated."""


def once(n: int) -> Tensor:
    """Weights that count each of `n` examples once, without resampling: float64 (1, n)."""
    return torch.ones(1, n, dtype=torch.float64)


def weights(n: int, generator: Generator, resamples: int = RESAMPLES) -> Tensor:
    """Weights of `n` examples, once each in row 0 and resampled in the others: float64 (1 + resamples, n)."""
    drawn = torch.randint(n, (resamples, n), generator=generator)
    counts = torch.stack([row.bincount(minlength=n) for row in drawn])
    return torch.cat((once(n), counts.double()))


def read(figures: Tensor, low: float = -math.inf, high: float = math.inf) -> tuple[float, Interval]:
    """The figure and its interval, from what a measure gave for all weights (R,); both within [low, high].

    The interval is as wide as the resamples spread but stands around the figure. Their own percentiles would not: a
    resample repeats images, so it always lies a little farther from the data and covers a little less of them.
    """
    figure = float(figures[0])
    reach = _SPREADS * float(figures[1:].std()) if len(figures) > 2 else 0.0
    return min(max(figure, low), high), (max(low, figure - reach), min(high, figure + reach))

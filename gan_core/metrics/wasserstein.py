"""Wasserstein distances between generated and real examples, in the data's units.

They need no trained feature extractor and, unlike a divergence, grow with the distance between the two sets.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from gan_core.data.ranges import as_floats

_DIRECTIONS = 64


def sliced(real: Tensor, fake: Tensor, weights: Tensor, rng: Generator) -> Tensor:
    """Sliced 2-Wasserstein distance (Rabin et al., 2011) of real and generated examples, (n, ...) each.

    Values of uint8 count from 0 to 1.

    One value per row of weights (R, n) of the fakes, integers that sum to n: float64 (R,). Both sets are projected onto
    random directions; in each, the i-th smallest fake is paired with the i-th smallest real example. A shift of all
    coordinates by c gives about c, in any dimension.
    """
    n = len(fake)
    directions = torch.randn(fake[0].numel(), _DIRECTIONS, generator=rng)
    directions /= directions.norm(dim=0)
    real_sorted = _projected(real, directions).T.sort().values  # (_DIRECTIONS, n)
    fake_sorted, order = _projected(fake, directions).T.sort()
    squares = []
    for row in weights.long():
        resampled = fake_sorted.flatten().repeat_interleave(row[order].flatten()).view(-1, n)  # already sorted
        squares.append((resampled - real_sorted).double().square().mean())
    return torch.stack(squares).sqrt()


def _projected(examples: Tensor, directions: Tensor) -> Tensor:
    """The examples (n, ...) on the directions (d, k): (n, k)."""
    parts = examples.flatten(1).split(250)  # so that few float copies exist at a time
    return torch.cat([as_floats(part) @ directions for part in parts])


def wasserstein(real: Tensor, fake: Tensor) -> float:
    """1-Wasserstein distance of two sets of n points (n, d): the mean distance of the optimal pairing.

    Exact, in O(n^3): 500 points take 10 ms. Few points give a high value, even for a perfect generator.
    """
    from scipy.optimize import linear_sum_assignment  # loaded on first use, because it takes 0.2 s

    cost = torch.cdist(real.double(), fake.double()).numpy()
    return float(cost[linear_sum_assignment(cost)].mean())

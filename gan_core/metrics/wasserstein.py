"""How far mass must be moved to turn generated examples into real ones: Wasserstein distances, in the data's units.

They need no network that has learnt the data, and unlike a divergence they grow with the distance of what is wrong.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

_DIRECTIONS = 64


def sliced(real: Tensor, fake: Tensor, weights: Tensor, generator: Generator) -> Tensor:
    """Sliced 2-Wasserstein distance (Rabin et al., 2011) of real (n, d) and generated (n, d) examples.

    For each row of weights (R, n) of the fakes, whole numbers that sum to n: float64 (R,). Both sets are seen from
    random directions; from each, the i-th smallest fake moves to the i-th smallest real. A shift of all coordinates by
    c gives about c, in any dimension.
    """
    n = len(fake)
    directions = torch.randn(fake.shape[1], _DIRECTIONS, generator=generator)
    directions /= directions.norm(dim=0)
    wanted = (real @ directions).T.sort().values  # (_DIRECTIONS, n)
    made, order = (fake @ directions).T.sort()
    squares = []
    for row in weights.long():
        drawn = made.flatten().repeat_interleave(row[order].flatten()).view(-1, n)  # sorted without sorting anew
        squares.append((drawn - wanted).double().square().mean())
    return torch.stack(squares).sqrt()


def wasserstein(real: Tensor, fake: Tensor) -> float:
    """1-Wasserstein distance of two sets of equally many points (n, d): the cheapest pairing's mean distance.

    Exact, in n^3 steps: 500 points take a hundredth of a second. Few points read high, also of a perfect generator.
    """
    from scipy.optimize import linear_sum_assignment  # takes 0.2 s to load: not before there are points to judge

    cost = torch.cdist(real.double(), fake.double()).numpy()
    return float(cost[linear_sum_assignment(cost)].mean())

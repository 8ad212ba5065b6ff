"""Metrics from nearest neighbours. They detect errors that a distance of whole sets misses, such as memorised images.

Precision asks whether each image looks real, so a generator of one good image scores high. Recall and coverage ask how
much of the data is generated, and novelty whether the images are copies.
"""

from __future__ import annotations

import torch
from torch import Tensor

NEIGHBOURS = 5  # k of precision, recall, density and coverage
_ROWS = 1000  # of a distance matrix in memory at a time


def ball_metrics(real: Tensor, fake: Tensor, weights: Tensor, k: int = NEIGHBOURS) -> dict[str, Tensor]:
    """Precision, recall (Kynkäänniemi et al., 2019), density and coverage (Naeem et al., 2020) of two sets of features.

    Each point has a ball that reaches to its k-th nearest neighbour in the same set.

    - precision: share of fakes inside any real point's ball
    - recall: share of real points inside any fake's ball
    - density: mean number of real balls that a fake lies in, divided by k; above 1 if fakes gather at dense places
    - coverage: share of real balls that contain a fake

    Args:
        real, fake: (n, d) and (m, d).
        weights: (R, m), of the fakes. The radius of a fake's ball is the same in all rows.

    Returns:
        float64 (R,) for each metric.

    Raises:
        ValueError: a set has k rows or fewer.
    """
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"more than {k} real and {k} generated images are needed, got {len(real)} and {len(fake)}")
    real, fake = real.double(), fake.double()
    real_radii, fake_radii = neighbor_distances(real, k), neighbor_distances(fake, k)
    balls_around = torch.zeros(len(fake), dtype=torch.float64)  # real balls around each fake
    present = (weights > 0).float()  # (R, m)
    recalled = covered = torch.zeros(len(weights))
    for rows, radii in zip(real.split(_ROWS), real_radii.split(_ROWS), strict=True):
        distances = torch.cdist(rows, fake)
        inside = distances <= radii[:, None]
        balls_around += inside.sum(0)
        covered = covered + (present @ inside.T.float() > 0).sum(1)
        recalled = recalled + (present @ (distances <= fake_radii).T.float() > 0).sum(1)
    n = weights.sum(1)
    return {
        "precision": weights @ (balls_around > 0).double() / n,
        "recall": recalled.double() / len(real),
        "density": weights @ balls_around / n / k,
        "coverage": covered.double() / len(real),
    }


def spacing(real: Tensor) -> float:
    """Median distance of real points (m, d) to their nearest neighbour."""
    return float(neighbor_distances(real.double(), 1).median())


def novelty(real: Tensor, fake: Tensor, weights: Tensor, unit: float) -> Tensor:
    """Median distance of fakes (n, d) to the nearest real point (m, d), divided by `unit`, the `spacing` of `real`.

    One value per row of weights (R, n): float64 (R,). Near 0 the fakes are copies, at 1 they are as new as another real
    image, and far above 1 they look like nothing real. A one-number version of Meehan et al. (2020), "A Non-Parametric
    Test to Detect Data-Copying".
    """
    real = real.double()
    distances = torch.cat([torch.cdist(rows, real).amin(1) for rows in fake.double().split(_ROWS)])
    distances, order = distances.sort()
    cumulative = weights[:, order].cumsum(1)
    middle = torch.searchsorted(cumulative, cumulative[:, -1:] / 2).flatten()
    return distances[middle] / max(unit, 1e-9)  # the unit is 0 if all real images are copies of each other


def neighbor_distances(x: Tensor, k: int) -> Tensor:
    """Distance of each point of x (n, d) to its k-th nearest neighbour: (n,)."""
    return torch.cat([torch.cdist(rows, x).kthvalue(k + 1, dim=1).values for rows in x.split(_ROWS)])  # 1st: itself

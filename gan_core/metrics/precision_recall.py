"""Figures from nearest neighbours: they notice what a distance of whole sets does not, such as memorised images.

Precision only asks whether each image looks real, so a generator of one good image has it. Recall and coverage ask how
much of the data is there, and novelty whether the images are copies.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_core.metrics.bootstrap import once

NEIGHBOURS = 5  # k of precision, recall, density and coverage
_ROWS = 1000  # of a distance matrix held at a time


@dataclass(frozen=True)
class Neighbourhood:
    """Figures from balls that reach from each point to its k-th neighbour of the same set.

    Precision and recall: Kynkäänniemi et al., 2019; density and coverage: Naeem et al., 2020. 1 is best for all but
    density, which may exceed 1 where fakes crowd the densest places.
    """

    precision: float  # share of fakes inside some real point's ball
    recall: float  # share of real points inside some fake's ball
    density: float  # real balls that a fake lies in, on average, over k
    coverage: float  # share of real balls with a fake inside


def neighbourhood(real: Tensor, fake: Tensor, k: int = NEIGHBOURS) -> Neighbourhood:
    """Compare two sets of features, (n, d) and (m, d). Raises `ValueError` unless both hold more than k."""
    return Neighbourhood(**{name: float(rows[0]) for name, rows in balls(real, fake, once(len(fake)), k).items()})


def balls(real: Tensor, fake: Tensor, weights: Tensor, k: int = NEIGHBOURS) -> dict[str, Tensor]:
    """The figures of `Neighbourhood` for each row of weights (R, m) of the fakes: float64 (R,) each.

    The balls of the fakes are as large in all rows as in the first. Raises `ValueError` unless both sets hold more
    than k.
    """
    if min(len(real), len(fake)) <= k:
        raise ValueError(
            f"more than {k} images of each kind are needed, got {len(real)} real and {len(fake)} generated"
        )
    real, fake = real.double(), fake.double()
    reach_real, reach_fake = reach(real, k), reach(fake, k)
    around = torch.zeros(len(fake), dtype=torch.float64)  # real balls around each fake
    there = (weights > 0).float()  # (R, m)
    recalled = covered = torch.zeros(len(weights))
    for rows, own in zip(real.split(_ROWS), reach_real.split(_ROWS), strict=True):
        distances = torch.cdist(rows, fake)
        inside = distances <= own[:, None]
        around += inside.sum(0)
        covered = covered + (there @ inside.T.float() > 0).sum(1)
        recalled = recalled + (there @ (distances <= reach_fake).T.float() > 0).sum(1)
    n = weights.sum(1)
    return {
        "precision": weights @ (around > 0).double() / n,
        "recall": recalled.double() / len(real),
        "density": weights @ around / n / k,
        "coverage": covered.double() / len(real),
    }


def spacing(real: Tensor) -> float:
    """Median distance of real points (m, d) to the nearest other one."""
    return float(reach(real.double(), 1).median())


def novelty(real: Tensor, fake: Tensor, weights: Tensor, unit: float | None = None) -> Tensor:
    """Median distance of fakes (n, d) to the nearest real point (m, d), over the real points' own `spacing`, the unit.

    For each row of weights (R, n): float64 (R,). Near 0 the fakes are copies, at 1 they are as new as a real image
    would be, far above they look like nothing real. The question of Meehan et al. (2020), "A Non-Parametric Test to
    Detect Data-Copying", asked with one number.
    """
    unit = spacing(real) if unit is None else unit
    real = real.double()
    away = torch.cat([torch.cdist(rows, real).amin(1) for rows in fake.double().split(_ROWS)])
    away, order = away.sort()
    reached = weights[:, order].cumsum(1)
    half = torch.searchsorted(reached, reached[:, -1:] / 2).flatten()
    return away[half] / max(unit, 1e-9)  # real images that are all copies give no measure


def reach(x: Tensor, k: int) -> Tensor:
    """Distance of each point to its k-th nearest neighbour: (n,)."""
    parts = [torch.cdist(rows, x).kthvalue(k + 1, dim=1).values for rows in x.split(_ROWS)]  # the nearest is itself
    return torch.cat(parts)

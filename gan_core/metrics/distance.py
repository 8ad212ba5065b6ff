"""How far generated features lie from real ones: the Frechet distance, and figures from nearest neighbours.

The Frechet distance sees means and covariances, so it notices missing classes and blur, but hardly that the same few
hundred training images are repeated. Recall and coverage notice that. Precision only asks whether each looks real.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

NEIGHBOURS = 5  # k of all neighbour figures
_ROWS = 1000  # of a distance matrix held at a time


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Squared Frechet distance of the Gaussians fitted to two sets of features (Heusel et al., 2017); at least 0."""
    return gaussian_distance(*moments(real), *moments(fake))


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) of features (n, d), n >= 2, in float64."""
    x = features.double()
    return x.mean(0), torch.cov(x.T).reshape(x.shape[1], x.shape[1])


def gaussian_distance(mean: Tensor, covariance: Tensor, other_mean: Tensor, other_covariance: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2) (Dowson and Landau, 1982).

    The product under the root is symmetric, so its eigenvalues are real, also where a covariance is singular.
    """
    values, vectors = torch.linalg.eigh(covariance)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ other_covariance @ root).clamp(min=0).sqrt().sum()
    between = (mean - other_mean).square().sum()
    return max(0.0, float(between + covariance.trace() + other_covariance.trace() - 2 * cross))


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
    if min(len(real), len(fake)) <= k:
        raise ValueError(
            f"more than {k} images of each kind are needed, got {len(real)} real and {len(fake)} generated"
        )
    real, fake = real.double(), fake.double()
    reach_real, reach_fake = _reach(real, k), _reach(fake, k)
    balls = torch.zeros(len(fake))  # real balls around each fake
    recalled = covered = 0
    for rows, reach in zip(real.split(_ROWS), reach_real.split(_ROWS), strict=True):
        distances = torch.cdist(rows, fake)
        inside = distances <= reach[:, None]
        balls += inside.sum(0)
        covered += int(inside.any(1).sum())
        recalled += int((distances <= reach_fake).any(1).sum())
    return Neighbourhood(
        precision=float((balls > 0).double().mean()),
        recall=recalled / len(real),
        density=float(balls.mean()) / k,
        coverage=covered / len(real),
    )


def _reach(x: Tensor, k: int) -> Tensor:
    """Distance of each point to its k-th nearest neighbour: (n,)."""
    parts = [torch.cdist(rows, x).kthvalue(k + 1, dim=1).values for rows in x.split(_ROWS)]  # the nearest is itself
    return torch.cat(parts)

"""How far generated features lie from real ones as a whole: the Frechet distance and the kernel distance.

The Frechet distance sees means and covariances, so it notices missing classes and blur, but hardly that the same few
hundred training images are repeated; `neighbours` has figures that notice.

A measure takes real features (m, d), generated ones (n, d) and weights of these (R, n), and gives a figure for each
row: float64 (R,). `resample` tells what the rows are.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gan_core.metrics.bootstrap import once


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Squared Frechet distance of the Gaussians fitted to two sets of features (Heusel et al., 2017); at least 0."""
    return float(frechet(real, fake, once(len(fake)))[0])


def frechet(real: Tensor, fake: Tensor, weights: Tensor) -> Tensor:
    """Squared Frechet distance (Heusel et al., 2017), at least 0; real against real shows its bias."""
    mean, covariance = moments(real)
    root = _root(covariance)
    return torch.stack([_between(mean, covariance, root, *moments(fake, row)) for row in weights])


def moments(features: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) of features (n, d), n >= 2, each counted `weights` (n,) times; in float64."""
    x = features.double()
    weights = once(len(x))[0] if weights is None else weights
    n = weights.sum()
    mean = weights @ x / n
    x = x - mean
    return mean, (x * weights[:, None]).T @ x / (n - 1)


def gaussian_distance(mean: Tensor, covariance: Tensor, other_mean: Tensor, other_covariance: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2) (Dowson and Landau, 1982).

    The product under the root is symmetric, so its eigenvalues are real, also where a covariance is singular.
    """
    return float(_between(mean, covariance, _root(covariance), other_mean, other_covariance))


def _between(mean: Tensor, covariance: Tensor, root: Tensor, other_mean: Tensor, other_covariance: Tensor) -> Tensor:
    cross = torch.linalg.eigvalsh(root @ other_covariance @ root).clamp(min=0).sqrt().sum()
    between = (mean - other_mean).square().sum()
    return (between + covariance.trace() + other_covariance.trace() - 2 * cross).clamp(min=0)


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def kernel(real: Tensor, fake: Tensor, weights: Tensor) -> Tensor:
    """Squared kernel distance, the KID of Bińkowski et al. (2018), "Demystifying MMD GANs".

    The unbiased estimate of MMD^2 under k(x, y) = (x.y / d + 1)^3: its mean is 0 for a perfect generator, however few
    the images, so it can be a little below. Written here, for torchmetrics' class draws its subsets from torch's global
    generator, and its functions give one figure, not the sums that a resample weighs anew.
    """
    real, fake = real.double(), fake.double()
    m = len(real)
    among_real = _cubic(real, real)
    own = (among_real.sum() - among_real.trace()) / (m * (m - 1))
    among_fake = _cubic(fake, fake)
    among_fake.fill_diagonal_(0)  # no image is its own pair, nor a second copy of it in a resample
    pairs = weights.sum(1).square() - weights.square().sum(1)
    theirs = (weights @ among_fake * weights).sum(1) / pairs
    across = weights @ _cubic(fake, real).mean(1) / weights.sum(1)
    return own + theirs - 2 * across


def _cubic(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3

"""Distances between sets of features: the Fréchet distance and the kernel distance.

The Fréchet distance compares means and covariances. It detects missing classes and blur, but hardly a generator that
repeats a few hundred training images; the metrics of `precision_recall` detect that.

`frechet` and `kernel` take real features (m, d), generated features (n, d) and weights of the generated ones (R, n),
and return one value per row of weights: float64 (R,). `bootstrap` explains the rows.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gan_core.metrics.bootstrap import once


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Squared Fréchet distance of the Gaussians fitted to two sets of features (Heusel et al., 2017); at least 0."""
    return float(frechet(real, fake, once(len(fake)))[0])


def frechet(real: Tensor, fake: Tensor, weights: Tensor) -> Tensor:
    """Squared Fréchet distance (Heusel et al., 2017), at least 0; biased upwards for few samples."""
    mean, covariance = moments(real)
    root = square_root(covariance)
    return torch.stack([gaussian_distance(mean, covariance, root, *moments(fake, row)) for row in weights])


def moments(features: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Mean (d,) and covariance (d, d) of features (n, d), n >= 2, each counted `weights` (n,) times; in float64."""
    x = features.double()
    weights = once(len(x))[0] if weights is None else weights
    n = weights.sum()
    mean = weights @ x / n
    x = x - mean
    return mean, (x * weights[:, None]).T @ x / (n - 1)


def gaussian_distance(
    mean: Tensor, covariance: Tensor, root: Tensor, other_mean: Tensor, other_covariance: Tensor
) -> Tensor:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1^1/2 C2 C1^1/2)^1/2) (Dowson and Landau, 1982); `root` is C1^1/2.

    The product under the root is symmetric, so its eigenvalues are real even if a covariance is singular.
    """
    cross = torch.linalg.eigvalsh(root @ other_covariance @ root).clamp(min=0).sqrt().sum()
    between = (mean - other_mean).square().sum()
    return (between + covariance.trace() + other_covariance.trace() - 2 * cross).clamp(min=0)


def square_root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def kernel(real: Tensor, fake: Tensor, weights: Tensor) -> Tensor:
    """Squared kernel distance, the KID of Bińkowski et al. (2018), "Demystifying MMD GANs".

    The unbiased estimate of MMD^2 under k(x, y) = (x.y / d + 1)^3. Its mean is 0 for a perfect generator and any number
    of images, so it can be slightly negative. torchmetrics is not used: its class draws subsets from torch's global
    random generator, and its functions return one value instead of the sums that the bootstrap reweights.
    """
    real, fake = real.double(), fake.double()
    m = len(real)
    real_mean = _cubic(real, real).fill_diagonal_(0).sum() / (m * (m - 1))
    fake_kernel = _cubic(fake, fake).fill_diagonal_(0)  # no image is paired with itself or with its copy in a resample
    pairs = weights.sum(1).square() - weights.square().sum(1)
    fake_mean = (weights @ fake_kernel * weights).sum(1) / pairs
    cross_mean = weights @ _cubic(fake, real).mean(1) / weights.sum(1)
    return real_mean + fake_mean - 2 * cross_mean


def _cubic(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T).div_(x.shape[1]).add_(1).pow_(3)  # in place: 50 MB for 2,500 images

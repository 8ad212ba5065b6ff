"""Directions of a latent space that change a label, measured with a classifier of the label."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_core.latent.frozen_model import Model, draw
from gan_core.metrics.feature_classifier import Classifier

REACH = 3.0  # how far along a direction the label is compared, either way
_LATENTS = 5000  # to fit the direction


@torch.no_grad()
def label_direction(model: Model, classifier: Classifier) -> Tensor:
    """The unit vector (z_size,) along which the probabilities of the classes change most.

    InterFaceGAN (Shen et al., 2020) takes the normal of the plane in latent space that separates two labels. Here the
    probabilities (n, classes) of 5,000 samples are fitted as a linear function of z; the first singular vector of its
    slope (z_size, classes) is the normal if there are two classes, and serves for more.
    """
    z = draw(model, _LATENTS, 0)
    probabilities = classifier.classify(model.decode(z)).probabilities
    slope = torch.linalg.lstsq(z.double(), (probabilities - probabilities.mean(0)).double()).solution
    return torch.linalg.svd(slope, full_matrices=False).U[:, 0].float()


def orthonormal(rows: Tensor) -> Tensor:
    """Rows (k, z_size), made orthogonal by Gram-Schmidt from the first on: unit vectors (min(k, z_size), z_size)."""
    q, r = torch.linalg.qr(rows.T)
    return (q * r.diagonal().sign()).T


@torch.no_grad()
def share_changed(model: Model, classifier: Classifier, direction: Tensor, n: int = 200) -> float:
    """Share of `n` latents whose samples have different labels at the two ends of the slider along `direction`."""
    z = draw(model, n, 1)
    low, high = (
        classifier.classify(model.decode(z + way * direction)).probabilities.argmax(1) for way in (-REACH, REACH)
    )
    return float((low != high).float().mean())

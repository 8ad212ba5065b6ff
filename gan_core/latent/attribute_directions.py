"""Directions of a latent space that change a measured attribute of the samples."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gan_core.latent.frozen_model import Model, draw

# Samples (n, C, H, W) in [0, 1] -> a number for each, (n,), or the probabilities of classes, (n, classes).
Measure = Callable[[Tensor], Tensor]

REACH = 3.0  # how far along a direction the attribute is compared, either way
_LATENTS = 5000  # to fit the direction


@torch.no_grad()
def attribute_direction(model: Model, measure: Measure) -> Tensor:
    """The unit vector (z_size,) along which an attribute changes most.

    InterFaceGAN (Shen et al., 2020) takes the normal of the plane in latent space that separates two labels. Here the
    values of 5,000 samples, less the mean of their class in a conditional model, are fitted as a linear function of z.
    The direction of a number is its slope, so that the number grows along it. The direction of probabilities is the
    first singular vector of their slopes (z_size, classes), which is the normal if there are two classes.
    """
    z = draw(model, _LATENTS, 0)
    values = measure(model.decode(z)).double().reshape(_LATENTS, -1)
    classes = model.labels(None, _LATENTS)
    classes = torch.zeros(_LATENTS) if classes is None else classes.cpu()
    for each in classes.unique():
        values[classes == each] -= values[classes == each].mean(0)
    slope = torch.linalg.lstsq(z.double(), values).solution
    direction = torch.linalg.svd(slope, full_matrices=False).U[:, 0]
    return (direction * (direction @ slope[:, -1]).sign()).float()


def orthonormal(rows: Tensor) -> Tensor:
    """Rows (k, z_size), made orthogonal by Gram-Schmidt from the first on: unit vectors (min(k, z_size), z_size)."""
    q, r = torch.linalg.qr(rows.T)
    return (q * r.diagonal().sign()).T


@torch.no_grad()
def share_changed(model: Model, measure: Measure, direction: Tensor, n: int = 200) -> float:
    """Share of `n` latents whose samples differ as they should between the two ends of the slider along `direction`.

    A number must be greater at the upper end; the most probable class must be another one.
    """
    z = draw(model, n, 1)
    low, high = (measure(model.decode(z + way * direction)) for way in (-REACH, REACH))
    changed = high > low if low.ndim == 1 else high.argmax(1) != low.argmax(1)
    return float(changed.float().mean())

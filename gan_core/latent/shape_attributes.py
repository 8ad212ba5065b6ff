"""Measured attributes of handwritten digits, bright on black. Morpho-MNIST (Castro et al., 2019) has the same ones.

Each takes pictures (n, C, H, W) in [0, 1] and returns (n,) float64. Brightness counts as ink. A black picture has 0.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_core.latent.attribute_directions import Measure

_NO_INK = 1e-6  # pixels of ink, so that a black picture divides by no zero


def slant(pictures: Tensor) -> Tensor:
    """Angle from the vertical in degrees, positive to the right, as the shear that the second moments show."""
    _, upright, joint = _moments(pictures)
    return torch.atan2(-joint, upright + _NO_INK).rad2deg()


def weight(pictures: Tensor) -> Tensor:
    """Mean width of the strokes in pixels: a stroke much longer than wide has two sides, so 2 * ink / outline."""
    ink = pictures.double().mean(1)
    edges = F.pad(ink, (1, 1, 1, 1))
    across, down = edges.diff(dim=2)[:, 1:], edges.diff(dim=1)[:, :, 1:]
    outline = torch.hypot(across, down).sum((1, 2))
    return 2 * ink.sum((1, 2)) / (outline + _NO_INK)


def width(pictures: Tensor) -> Tensor:
    """Standard deviation of the ink from its middle line along each row, in pixels; a slant does not count."""
    sideways, upright, joint = _moments(pictures)
    return (sideways - joint.square() / (upright + _NO_INK)).clamp(min=0).sqrt()


def _moments(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Second central moments of the ink: of x, of y (downwards), and the joint one; (n,) each, in square pixels."""
    ink = pictures.double().mean(1)
    share = ink / (ink.sum((1, 2), keepdim=True) + _NO_INK)
    height, across = ink.shape[1:]
    x, y = torch.arange(across).double()[None, None], torch.arange(height).double()[None, :, None]
    x = x - (share * x).sum((1, 2), keepdim=True)
    y = y - (share * y).sum((1, 2), keepdim=True)
    sideways, upright, joint = ((share * each).sum((1, 2)) for each in (x * x, y * y, x * y))
    return sideways, upright, joint


SHAPE_ATTRIBUTES: dict[str, Measure] = {"slant": slant, "weight": weight, "width": width}

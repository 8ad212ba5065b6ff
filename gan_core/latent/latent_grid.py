"""The latent plane of a 2-D model, with the point that G maps each latent to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gan_core.latent.frozen_model import Label, Model, draw

_REACH = 2.5  # standard deviations of z from the centre of the grid to its sides


@dataclass(frozen=True, eq=False)
class LatentPlane:
    """Latents in a plane, and the point that G maps each of them to, with the same index."""

    z: Tensor  # (m, z_size)
    latents: np.ndarray  # (m, 2): the first two coordinates; the second is 0 if z_size is 1
    points: np.ndarray  # (m, 2)
    side: int  # m = side * side in a grid, in rows of ascending second coordinate; 0: a random sample


def plane(model: Model, n: int = 21, label: Label = None, seed: int = 0) -> LatentPlane:
    """A grid of n x n latents if z_size is 2, otherwise n * n random latents, and their points.

    Raises `ValueError` if the model makes pictures.
    """
    if len(model.config.shape) != 1:
        raise ValueError("this model makes pictures; only 2-D models have a latent plane")
    grid = model.z_size == 2
    reach = _REACH if model.config.latent.distribution == "normal" else 1.0
    line = torch.linspace(-reach, reach, n)
    z = torch.cartesian_prod(line, line).flip(1) if grid else draw(model, n * n, seed)
    return LatentPlane(z, F.pad(z, (0, 1))[:, :2].numpy(), model.pictures(z, label), n if grid else 0)

"""One latent through several models, and the latent plane of a 2-D model beside where G sends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gan_core.latent.frozen_model import Label, Model, Styles, draw

_REACH = 2.5  # standard deviations of z that a grid spans either way


def across_models(
    models: Iterable[Model], z: Tensor, label: Label = None, styles: Styles = None, psi: float = 1.0
) -> list[np.ndarray]:
    """What each model makes of the same latents z, (z_size,) or (n, z_size): a list of what `Model.pictures` gives.

    The models may come from a generator that loads one at a time.

    Raises:
        ValueError: a model's latents are of another size.
    """
    z = z if z.ndim == 2 else z[None]
    return [model.pictures(z, label, styles, psi) for model in models]


@dataclass(frozen=True, eq=False)
class LatentPlane:
    """Latents as points of a plane, and the point that G sends each to; both are linked by their index."""

    z: Tensor  # (m, z_size)
    latents: np.ndarray  # (m, 2): the first two numbers of each; (m, 2) with zeros for z of 1
    points: np.ndarray  # (m, 2)
    side: int  # m = side * side in an even grid, row by row from low second number to high; 0: a random sample


def plane(model: Model, n: int = 21, label: Label = None, seed: int = 0) -> LatentPlane:
    """An even grid of n x n latents if they have two numbers, else n * n random ones; and where G puts them.

    Raises:
        ValueError: the model makes pictures, not points.
    """
    if len(model.config.shape) != 1:
        raise ValueError("this model makes pictures; only 2-D models have a plane")
    grid = model.z_size == 2
    z = _grid(model, n) if grid else draw(model, n * n, seed)
    return LatentPlane(z, F.pad(z, (0, 1))[:, :2].numpy(), model.pictures(z, label), n if grid else 0)


def _grid(model: Model, n: int) -> Tensor:
    reach = _REACH if model.config.latent.distribution == "normal" else 1.0
    line = torch.linspace(-reach, reach, n)
    return torch.cartesian_prod(line, line).flip(1)

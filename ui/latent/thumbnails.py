"""Samples as small pictures, whether the model makes pictures or points."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from gan_core.latent import Model
from ui.latent import plane_frame, state

_SIDE = 48  # pixels of a point's picture
_DOT = 3.5  # radius of the point in it


def pictures(model: Model, z: Tensor, label: int | None = None) -> np.ndarray:
    """Pictures of latents (n, z_size) as the page shows them now: (n, H, W, C) uint8.

    Class, styles and truncation are the current latent_point's, unless another `label` is given.
    """
    told = state.latent_point().told(model)
    return of(model, model.pictures(z, **(told if label is None else told | {"label": label})))


def of(model: Model, samples: np.ndarray) -> np.ndarray:
    """Pictures as they are, (n, H, W, C) uint8; points as dots on the data's plane, in the generator's colour."""
    if samples.ndim == 4:
        return samples
    latent_point = plane_frame.in_frame(model, samples) * (1, -1) + (0, 1)
    rows, columns = np.mgrid[0.5:_SIDE, 0.5:_SIDE]
    far = np.hypot(columns - _SIDE * latent_point[:, 0, None, None], rows - _SIDE * latent_point[:, 1, None, None])
    ink = np.clip(_DOT + 0.5 - far, 0, 1)[..., None]  # (n, side, side, 1)
    paper, pen = np.array([36, 42, 48]), np.array([242, 142, 75])
    return (paper + ink * (pen - paper)).astype(np.uint8)

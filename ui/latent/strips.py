"""The strips under the sliders: pictures of where each slider leads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gan_core.latent import Model
from ui.latent import thumbnails
from ui.latent.latent_point import LatentPoint, direction

STEPS = 7  # pictures of a strip
_MAX_AGE = 2000  # milliseconds for which strips of a running session stay
_WIDEST = 64  # pixels of a picture


@dataclass(frozen=True, eq=False)
class Strips:
    """The strips of one page of sliders."""

    ids: Sequence[str]  # of the directions
    model: Model
    point: LatentPoint
    pictures: np.ndarray  # (len(ids) * STEPS, H, W, C) uint8, or points (len(ids) * STEPS, 2) in [0, 1]
    version: int  # when they were computed: milliseconds on the monotonic clock

    def show(self, ids: Sequence[str], model: Model, point: LatentPoint, dragging: bool) -> bool:
        """Whether these strips may be shown for these directions, this model and this point.

        While a slider is dragged the strips of the point where it last rested stay. The strips of a running session
        are computed every 2 seconds only, because they take much longer than the picture and slow the training down.
        """
        same = point is self.point and (model is self.model or 1000 * time.monotonic() - self.version < _MAX_AGE)
        return ids == self.ids and (dragging or same)


def compute(ids: Sequence[str], model: Model, basis: Model, point: LatentPoint, reach: float) -> Strips:
    """The strips of these directions, each from -reach to reach. `basis` defines the directions."""
    origin, steps = point.z(basis), torch.linspace(-reach, reach, STEPS)
    z = torch.cat([origin + torch.outer(steps - point.moves.get(id, 0.0), direction(basis, id)) for id in ids])
    pictures = model.pictures(z, **point.inputs(model))
    if pictures.ndim == 2:
        pictures = thumbnails.in_frame(model, pictures)
    else:
        pictures = pictures[:, :: max(1, pictures.shape[1] // _WIDEST), :: max(1, pictures.shape[2] // _WIDEST)]
    return Strips(ids, model, point, pictures, round(1000 * time.monotonic()))

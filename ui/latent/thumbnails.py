"""Samples as small pictures, and the frame in which those of a 2-D model lie."""

from __future__ import annotations

import numpy as np

from gan_core import data, latent
from gan_core.latent import Model
from gan_core.training.plane_view import extent_of

_SIDE = 48  # pixels of a point's picture
_RADIUS = 3.5  # pixels of the point in it
_REAL = 400  # real points to draw


def images_of(model: Model, samples: np.ndarray) -> np.ndarray:
    """Pictures (n, H, W, C) uint8 unchanged; points (n, 2) as dots on the data's plane, in the generator's colour."""
    if samples.ndim == 4:
        return samples
    centre = in_frame(model, samples) * (1, -1) + (0, 1)
    rows, columns = np.mgrid[0.5:_SIDE, 0.5:_SIDE]
    distance = np.hypot(columns - _SIDE * centre[:, 0, None, None], rows - _SIDE * centre[:, 1, None, None])
    opacity = np.clip(_RADIUS + 0.5 - distance, 0, 1)[..., None]  # (n, _SIDE, _SIDE, 1)
    background, colour = np.array([36, 42, 48]), np.array([242, 142, 75])
    return (background + opacity * (colour - background)).astype(np.uint8)


def in_frame(model: Model, points: np.ndarray) -> np.ndarray:
    """Points (n, 2) as shares of the frame's width and height, from its lower left corner: in [0, 1]."""
    left, right, low, high = frame_and_points(model)[0]
    return ((points - [left, low]) / [right - left, high - low]).clip(0, 1).astype(np.float32)


def frame_and_points(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """The frame (x from, x to, y from, y to) of the real points, and some of them (m, 2).

    Without the data it is the frame of generated points, and there are no real points.
    """

    def load() -> tuple[np.ndarray, np.ndarray]:
        try:
            examples = data.load(model.config).examples
        except data.DataError:
            return extent_of(model.decode(latent.draw(model, 1000, 0))), np.zeros((0, 2), np.float32)
        return extent_of(examples), examples[:_REAL].numpy()

    return model.remember("data", load)

"""The frame of the data's plane, and points within it."""

from __future__ import annotations

import numpy as np

from gan_core import data, latent
from gan_core.latent import Model
from gan_core.training.plane_view import extent_of

_REAL = 400  # true points that are drawn


def in_frame(model: Model, points: np.ndarray) -> np.ndarray:
    """Points (n, 2) as shares of the data's plane, from its lower left: in [0, 1]."""
    left, right, low, high = frame_and_points(model)[0]
    return ((points - [left, low]) / [right - left, high - low]).clip(0, 1).astype(np.float32)


def frame_and_points(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """The frame of the true points and some of them; of what G makes, where there are none to be had."""

    def load() -> tuple[np.ndarray, np.ndarray]:
        try:
            examples = data.load(model.config).examples
        except data.DataError:
            made = model.decode(latent.draw(model, 1000, 0))
            return extent_of(made), np.zeros((0, 2), np.float32)
        return extent_of(examples), examples[:_REAL].numpy()

    return model.remember("data", load)

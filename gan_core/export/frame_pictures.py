"""What a run shows at one step, as a picture: samples as a grid, points with the layers of the Train page."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from gan_core import data
from gan_core.config import TrainConfig
from gan_core.export import plane_images
from gan_core.export.video import enlarged
from gan_core.losses.score_range import score_range
from gan_core.runs import GRID_COLUMNS, tile
from gan_core.training.plane_view import Plane

_REAL_POINTS = 500
_MOST_COLUMNS = 10  # of a grid with one column a class


class FramePictures:
    """Draws the frames of one run, all with the same real points and colours.

    Args:
        last: the last frame; for points, its scores set the colours of D's score.

    Raises `data.DataError` if the real points cannot be loaded.
    """

    def __init__(self, config: TrainConfig, last: np.ndarray | Plane) -> None:
        classes = len(config.classes)
        self._columns = classes if 1 < classes <= _MOST_COLUMNS else GRID_COLUMNS
        if isinstance(last, Plane):
            self._real = data.load(config).examples[:_REAL_POINTS].numpy()
            self._score_range = score_range(config.loss.name, lambda: last.surface)

    def draw(self, frame: np.ndarray | Plane) -> Image.Image:
        """Samples (n, H, W, C) uint8, or the plane of a 2-D run, as a picture."""
        if isinstance(frame, Plane):
            return Image.fromarray(plane_images.draw(frame, self._real, self._score_range))
        return enlarged(np.atleast_3d(tile(frame, self._columns)))


def frame_png(config: TrainConfig, frame: np.ndarray | Plane) -> bytes:
    """One frame of a run as a PNG. Raises `data.DataError` as `FramePictures`."""
    file = io.BytesIO()
    FramePictures(config, frame).draw(frame).save(file, "PNG")
    return file.getvalue()

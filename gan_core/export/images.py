"""Samples as pictures."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from gan_core.data.ranges import to_bytes
from gan_core.export.plane_images import GENERATOR
from gan_core.runs import tile

_SIDE = 640  # pixels of a scatter plot
_RADIUS = 2  # pixels of a point


def picture(samples: Tensor) -> Image.Image:
    """Samples as one picture: images (n, C, H, W) in [0, 1] as a square grid, points (n, 2) as a scatter plot."""
    if samples.ndim == 2:
        return _scatter_plot(samples.numpy())
    return _grid(to_bytes(samples).numpy(), math.ceil(math.sqrt(len(samples))))


def write(samples: Tensor, path: Path) -> None:
    """Write samples as a picture in the format of the file's suffix; points also as ".csv", one row each.

    Raises:
        ValueError: the suffix is not a known format for these samples.
        OSError: the file cannot be written.
    """
    if path.suffix.lower() == ".csv" and samples.ndim == 2:
        np.savetxt(path, samples.numpy(), delimiter=",", header="x,y", comments="", fmt="%.6g")
    else:
        picture(samples).save(path)


def grid_png(pictures: np.ndarray, columns: int) -> bytes:
    """Pictures (n, H, W, C) uint8 as one PNG, row by row, `columns` side by side."""
    file = io.BytesIO()
    _grid(pictures, columns).save(file, "PNG")
    return file.getvalue()


def _grid(pictures: np.ndarray, columns: int) -> Image.Image:
    return Image.fromarray(tile(pictures, columns))


def _scatter_plot(points: np.ndarray) -> Image.Image:
    limit = 1.05 * max(float(np.abs(points).max()), 1e-6)
    image = Image.new("RGB", (_SIDE, _SIDE), "white")
    draw = ImageDraw.Draw(image)
    for x, y in (points * [1, -1] / limit + 1) * _SIDE / 2:  # y points up
        draw.circle((x, y), _RADIUS, fill=GENERATOR)
    return image

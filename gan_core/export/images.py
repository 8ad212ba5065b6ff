"""Samples as files that other programs open."""

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

_SIDE = 640  # pixels of a scatter
_DOT = 2  # radius of a point in it


def picture(samples: Tensor) -> Image.Image:
    """Samples as one picture: images (n, C, H, W) in [0, 1] as a square grid, points (n, 2) as a scatter."""
    if samples.ndim == 2:
        return _scatter(samples.numpy())
    return Image.fromarray(tile(to_bytes(samples).numpy(), columns=math.ceil(math.sqrt(len(samples)))))


def write(samples: Tensor, path: Path) -> None:
    """Write samples as a picture, in the format that the name ends in; points also as ".csv", a row each.

    Raises:
        ValueError: the name's ending is not a known format for these samples.
        OSError: the file cannot be written.
    """
    if path.suffix.lower() == ".csv" and samples.ndim == 2:
        np.savetxt(path, samples.numpy(), delimiter=",", header="x,y", comments="", fmt="%.6g")
    else:
        picture(samples).save(path)


def sheet(frames: np.ndarray, columns: int | None = None) -> bytes:
    """Pictures (n, H, W, C) uint8 as one PNG, row by row, `columns` side by side; a square if not told.

    Raises:
        ValueError: there is no picture, or `columns` is below 1.
    """
    if not len(frames):
        raise ValueError("There is no picture to put on the sheet")
    columns = columns if columns is not None else math.ceil(math.sqrt(len(frames)))
    if columns < 1:
        raise ValueError(f"A sheet has at least 1 column, not {columns}")
    file = io.BytesIO()
    Image.fromarray(tile(frames, min(columns, len(frames)))).save(file, "PNG")
    return file.getvalue()


def _scatter(points: np.ndarray) -> Image.Image:
    reach = 1.05 * max(float(np.abs(points).max()), 1e-6)
    sheet = Image.new("RGB", (_SIDE, _SIDE), "white")
    pen = ImageDraw.Draw(sheet)
    for x, y in (points * [1, -1] / reach + 1) * _SIDE / 2:  # up is positive
        pen.ellipse((x - _DOT, y - _DOT, x + _DOT, y + _DOT), fill=GENERATOR)
    return sheet

"""A drawing on the pad as a digit such as MNIST's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

_FINE = 8  # pixels drawn for each pixel of the result
_INSIDE = 20 / 28  # share of the side that the digit's longer side takes, as in MNIST
_PEN = 2.4 / 28  # width of the pen, likewise


def to_digit(points: Sequence[tuple[float, float]], side: int) -> np.ndarray:
    """Points close together along strokes, y upwards -> (side, side) uint8, white on black.

    As in MNIST the digit is scaled to fit the middle, its pixels' centre of mass in the picture's centre.
    """
    latent_point = np.array(points, dtype=float) * (1, -1)
    low, high = latent_point.min(axis=0), latent_point.max(axis=0)
    scale = (_INSIDE - _PEN) / max(float((high - low).max()), 1e-6)
    scale = min(scale, _INSIDE)  # a dot stays a dot
    size, pen = side * _FINE, _PEN * side * _FINE / 2
    latent_point = ((latent_point - (low + high) / 2) * scale + 0.5) * size
    latent_point += size / 2 - latent_point.mean(axis=0)
    sheet = Image.new("L", (size, size))
    ink = ImageDraw.Draw(sheet)
    for x, y in latent_point:
        ink.ellipse((x - pen, y - pen, x + pen, y + pen), fill=255)
    return np.asarray(sheet.resize((side, side), Image.Resampling.BOX))

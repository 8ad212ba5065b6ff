"""A drawing from the pad as a digit in the format of MNIST."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

_OVERSAMPLING = 8  # drawn pixels for each pixel of the result
_EXTENT = 20 / 28  # longer side of the digit as a share of the picture's side, as in MNIST
_PEN = 2.4 / 28  # width of the pen, likewise


def to_digit(points: Sequence[tuple[float, float]], side: int) -> np.ndarray:
    """Closely spaced points along strokes, y upwards -> (side, side) uint8, white on black.

    As in MNIST the digit is scaled to fit the middle, and its centre of mass lies in the picture's centre.
    """
    places = np.array(points, dtype=float) * (1, -1)
    low, high = places.min(axis=0), places.max(axis=0)
    scale = min((_EXTENT - _PEN) / max(float((high - low).max()), 1e-6), _EXTENT)  # a dot stays a dot
    size, radius = side * _OVERSAMPLING, _PEN * side * _OVERSAMPLING / 2
    places = ((places - (low + high) / 2) * scale + 0.5) * size
    places += size / 2 - places.mean(axis=0)
    sheet = Image.new("L", (size, size))
    pen = ImageDraw.Draw(sheet)
    for x, y in places:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(sheet.resize((side, side), Image.Resampling.BOX))

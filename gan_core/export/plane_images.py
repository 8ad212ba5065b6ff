"""A step of a 2-D run as a picture with the layers of the Train page: D's score, the latent grid and the points."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from gan_core.training.plane_view import Plane

GENERATOR, DISCRIMINATOR, REAL, UNDECIDED = "#D55E00", "#0072B2", "#009E73", "#D5DADF"  # as in the app's light theme

SIDE = 480  # pixels
_SUPERSAMPLING = 2  # drawn larger by this factor and then reduced, for smooth edges
_SCORE_OPACITY, _GRID_OPACITY = 0.55, 110  # of 1, of 255
_RADIUS = 3.0  # pixels of a point


def draw(plane: Plane, real: np.ndarray, score_range: tuple[float, float] = (0.0, 1.0)) -> np.ndarray:
    """The plane as a picture (SIDE, SIDE, 3) uint8, with the real points `real` (m, 2).

    Args:
        score_range: the scores that get the full colour of fake and of real.
    """
    side = SIDE * _SUPERSAMPLING
    picture = _surface(plane.surface, *score_range).resize((side, side), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture, "RGBA")
    grid = _pixels(plane.grid, plane.extent, side)
    colour = (*ImageColor.getrgb(GENERATOR), _GRID_OPACITY)
    for line in (*grid, *grid.swapaxes(0, 1)):
        if len(line) > 1 and np.isfinite(line).all():
            pen.line([tuple(point) for point in line], fill=colour, width=_SUPERSAMPLING)
    for points, colour_of_points in ((real, REAL), (plane.fakes, GENERATOR)):
        pixels = _pixels(points, plane.extent, side)
        for x, y in pixels[np.isfinite(pixels).all(axis=1)]:
            pen.circle((x, y), _RADIUS * _SUPERSAMPLING, fill=colour_of_points, outline="white")
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _surface(scores: np.ndarray, low: float, high: float) -> Image.Image:
    """D's score, one pixel a cell, high y on top: from D's blue over grey to real's green, faded towards white."""
    stops = np.array([ImageColor.getrgb(colour) for colour in (DISCRIMINATOR, UNDECIDED, REAL)], dtype=float)
    position = np.clip((np.nan_to_num(scores[::-1]) - low) / (high - low), 0, 1)
    colours = np.stack([np.interp(position, (0, 0.5, 1), stops[:, channel]) for channel in range(3)], axis=-1)
    faded = 255 + _SCORE_OPACITY * (colours - 255)
    return Image.fromarray(faded.round().astype(np.uint8))


def _pixels(points: np.ndarray, extent: np.ndarray, side: int) -> np.ndarray:
    """Points (..., 2) in pixels from the upper left corner."""
    x_min, x_max, y_min, y_max = (float(edge) for edge in extent)
    fraction = (points - (x_min, y_min)) / (x_max - x_min, y_max - y_min)
    return (fraction * (1, -1) + (0, 1)) * side

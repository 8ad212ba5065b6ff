"""A moment of a 2-D run as a picture, with the layers that the Train page shows: D's score, the latent grid, points."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from gan_core.config import TrainConfig
from gan_core.losses.score_range import score_range
from gan_core.training.plane_view import Plane

# A role's colour, as in the app's light theme.
GENERATOR, DISCRIMINATOR, REAL, UNDECIDED = "#D55E00", "#0072B2", "#009E73", "#D5DADF"

SIDE = 480  # pixels
_FINE = 2  # drawn so many times larger, then shrunk: that smooths the edges
_SCORE_OPACITY, _GRID_OPACITY = 0.55, 110  # of 1, of 255
_DOT = 3.0  # radius in pixels

Pen = ImageDraw.ImageDraw
Corner = tuple[float, float]


def draw(plane: Plane, real: np.ndarray, span: tuple[float, float] = (0.0, 1.0)) -> np.ndarray:
    """The plane as a picture (SIDE, SIDE, 3) uint8, with the true points `real` (m, 2) in it.

    Args:
        span: the scores drawn as wholly "judged fake" and wholly "judged real".
    """
    side = SIDE * _FINE
    picture = _surface(plane.surface, span).resize((side, side), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture, "RGBA")
    grid = _places(plane.grid, plane.extent, side)
    colour = (*ImageColor.getrgb(GENERATOR), _GRID_OPACITY)
    for line in (*grid, *grid.swapaxes(0, 1)):
        if len(line) > 1 and np.isfinite(line).all():
            pen.line([tuple(place) for place in line], fill=colour, width=_FINE)
    for points, role in ((real, REAL), (plane.fakes, GENERATOR)):
        _dots(pen, _places(points, plane.extent, side), role)
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def span(plane: Plane, config: TrainConfig) -> tuple[float, float]:
    """The scores to draw as fully fake and fully real: 0 and 1, or a critic's lowest and highest on this plane."""
    return score_range(config.loss.name, lambda: plane.surface)


def _surface(scores: np.ndarray, span: tuple[float, float]) -> Image.Image:
    """D's score, a pixel a cell, high y on top: from D's blue over grey to real's green, faded towards white."""
    low, high = span
    stops = np.array([ImageColor.getrgb(colour) for colour in (DISCRIMINATOR, UNDECIDED, REAL)], dtype=float)
    at = np.clip((np.nan_to_num(scores[::-1]) - low) / (high - low), 0, 1)
    colours = np.stack([np.interp(at, (0, 0.5, 1), stops[:, channel]) for channel in range(3)], axis=-1)
    faded = 255 + _SCORE_OPACITY * (colours - 255)
    return Image.fromarray(faded.round().astype(np.uint8))


def _places(points: np.ndarray, extent: np.ndarray, side: int) -> np.ndarray:
    """Points (..., 2) as pixels, from the upper left corner."""
    x_from, x_to, y_from, y_to = (float(edge) for edge in extent)
    share = (points - (x_from, y_from)) / (x_to - x_from, y_to - y_from)
    return (share * (1, -1) + (0, 1)) * side


def _dots(pen: Pen, places: np.ndarray, colour: str) -> None:
    reach = _DOT * _FINE
    for x, y in places[np.isfinite(places).all(axis=1)]:
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour, outline="white")

"""Thumbnails of the samples of a run, for lists."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from gan_core.runs import Run, RunError, tile
from gan_core.training.plane_view import Plane
from ui import theme

SIDE = 120  # pixels, twice the size in the list, for screens with two pixels per CSS pixel
_ACROSS = 3  # samples side by side


@lru_cache(maxsize=1000)
def thumbnail(folder: Path, step: int | None) -> str:
    """A data URL of the samples of one step; "" if there is no readable picture."""
    if step is None:
        return ""
    try:
        frame = Run(folder).frame(step)
    except RunError:
        return ""
    picture = _scatter(frame) if isinstance(frame, Plane) else _sheet(frame)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _sheet(samples: np.ndarray) -> Image.Image:
    sheet = Image.fromarray(tile(samples[: _ACROSS**2], _ACROSS))
    larger = max(sheet.size) < SIDE
    return sheet.resize((SIDE, SIDE), Image.Resampling.NEAREST if larger else Image.Resampling.LANCZOS)


def _scatter(plane: Plane) -> Image.Image:
    left, right, bottom, top = (float(edge) for edge in plane.extent)
    sheet = Image.new("RGBA", (SIDE, SIDE))
    pen = ImageDraw.Draw(sheet)
    points = plane.fakes[np.isfinite(plane.fakes).all(axis=1)]
    shares = (points - [left, top]) / [(right - left) or 1, (bottom - top) or 1]
    for x, y in shares.clip(-1, 2) * SIDE:
        pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=theme.LIGHT.generator)
    return sheet

"""Samples of each variant from the same latents, as strips for the report and as one PNG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from gan_core.compare.analysis.results import Results
from gan_core.compare.study import Study
from gan_core.runs import RunError, tile
from gan_core.runs.shipped import store_of
from gan_core.training.plane_view import Plane

_SAMPLES, _COLUMNS = 24, 12  # of a strip
_MARGIN, _LINE = 8, 18  # pixels
_CLOUD = 200  # pixels along each side


def png(results: Results, study: Study, step: int | None = None) -> bytes:
    """A strip of samples for each variant's first run with samples, all of one step, as one PNG; b"" without samples.

    Args:
        step: of the samples; None for the last step of which all variants have samples.
    """
    found = strips(results, study, step)
    if not found:
        return b""
    width = max(160, *(strip.width for strip in found.values())) + 2 * _MARGIN
    height = sum(strip.height + _LINE + _MARGIN for strip in found.values()) + _MARGIN
    sheet = Image.new("RGB", (width, height), "white")
    draw, y = ImageDraw.Draw(sheet), _MARGIN
    for variant, strip in found.items():
        draw.text((_MARGIN, y), results.titles[variant], fill="black")
        sheet.paste(strip, (_MARGIN, y + _LINE))
        y += strip.height + _LINE + _MARGIN
    return as_png(sheet)


def strips(results: Results, study: Study, step: int | None = None) -> dict[str, Image.Image]:
    """One strip of samples for each variant that has some, by variant id."""
    if step is None and results.frames:
        step = results.frames[-1]
    found: dict[str, Image.Image] = {}
    for variant in results.titles:
        run = next((run for run in results.runs_of(variant) if step in run.frames), None)
        if run is None or step is None:
            continue
        try:
            frame = store_of(run.run_id, study.library).open(run.run_id).frame(step)
        except RunError:  # it was deleted
            continue
        found[variant] = _cloud(frame) if isinstance(frame, Plane) else _row(frame)
    return found


def as_png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _row(images: np.ndarray) -> Image.Image:
    row = Image.fromarray(tile(images[:_SAMPLES], min(_COLUMNS, len(images))))
    return row.resize((row.width * 2, row.height * 2), Image.Resampling.NEAREST)


def _cloud(plane: Plane) -> Image.Image:
    """The generated points in the plane, the y axis upwards."""
    x0, x1, y0, y1 = plane.extent
    image = Image.new("RGB", (_CLOUD, _CLOUD), "#eeeeee")
    draw = ImageDraw.Draw(image)
    pixels = (plane.fakes - [x0, y1]) / [x1 - x0, y0 - y1] * (_CLOUD - 1)
    for x, y in pixels[np.isfinite(pixels).all(axis=1)]:
        draw.circle((x, y), 1.5, fill="#D55E00")
    return image

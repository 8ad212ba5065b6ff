"""A run's training as a film: the pictures that it kept, in order, each with its step below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gan_core import data
from gan_core.export import plane_images
from gan_core.export.errors import ExportError
from gan_core.export.video import Told, animate, enlarged
from gan_core.runs import Run, tile
from gan_core.training.plane_view import Plane

MOST = 400  # frames of a film; of more, evenly spaced ones are taken
_REAL_SHOWN = 500
STRIP = 22  # pixels of the line below


def film(run: Run, kind: str = "gif", fps: float | None = None, progress: Told | None = None) -> bytes:
    """The saved pictures of a run, first to last, as a film in the format `kind`.

    Without a rate the film lasts six seconds, at 4 to 20 frames a second.

    Raises:
        ExportError: the run has kept no picture.
        RunError: a picture cannot be read.
        ValueError: there is no such kind.
    """
    if not run.frames():
        raise ExportError(f"The run {run.id} has kept no picture yet; train it further.")
    frames = _Frames(run)
    return animate(frames, kind, fps or min(20.0, max(4.0, len(frames) / 6)), progress)


class _Frames(Sequence[np.ndarray]):
    """The run's pictures (H, W, C), each read and drawn when it is asked for."""

    def __init__(self, run: Run) -> None:
        steps = run.frames()
        chosen = np.linspace(0, len(steps) - 1, min(MOST, len(steps))).round().astype(int)
        self._run, self._steps = run, [steps[i] for i in chosen]
        last = run.frame(self._steps[-1])
        self._real, self._span = np.empty((0, 2)), (0.0, 1.0)
        if isinstance(last, Plane):
            self._real = data.load(run.config).examples[:_REAL_SHOWN].numpy()
            self._span = plane_images.span(last, run.config)

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, i: int) -> np.ndarray:  # type: ignore[override]
        step = self._steps[i]
        frame = self._run.frame(step)
        if isinstance(frame, Plane):
            return _with_step(plane_images.draw(frame, self._real, self._span), step)
        sheet = tile(frame)
        return _with_step(enlarged(sheet if sheet.ndim == 3 else sheet[..., None]), step)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))


def _with_step(frame: np.ndarray, step: int) -> np.ndarray:
    """The frame (H, W, C) on top of a white line that tells the step."""
    height, width, channels = frame.shape
    picture = Image.new("L" if channels == 1 else "RGB", (width, height + STRIP), "white")
    picture.paste(Image.fromarray(frame[..., 0] if channels == 1 else frame), (0, 0))
    font = ImageFont.load_default(14)
    ImageDraw.Draw(picture).text((6, height + STRIP / 2), f"step {step:,}", "black", font, anchor="lm")
    return np.asarray(picture).reshape(height + STRIP, width, channels)

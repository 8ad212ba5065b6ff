"""The training of a run as a video: the saved pictures in order, each with its step below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gan_core.export.errors import ExportError
from gan_core.export.frame_pictures import FramePictures
from gan_core.export.video import Progress, animate
from gan_core.runs import Run

MAX_FRAMES = 400  # of a longer run, evenly spaced pictures are shown
NO_PICTURE = "The run has saved no picture yet; train it further."
STRIP = 22  # pixels of the line below a picture


def training_video(run: Run, kind: str = "gif", progress: Progress = lambda done: None) -> bytes:
    """The saved pictures of a run, first to last, as a "gif" or an "mp4" of six seconds at 4 to 20 frames a second.

    Raises:
        ExportError: the run has saved no picture.
        RunError: a picture cannot be read.
        ValueError: there is no such format.
    """
    if not run.frames():
        raise ExportError(NO_PICTURE)
    frames = _Frames(run)
    return animate(frames, kind, min(20.0, max(4.0, len(frames) / 6)), progress)


class _Frames(Sequence[np.ndarray]):
    """The pictures of a run (H, W, C), each read and drawn on access."""

    def __init__(self, run: Run) -> None:
        steps = run.frames()
        chosen = np.linspace(0, len(steps) - 1, min(MAX_FRAMES, len(steps))).round().astype(int)
        self._run, self._steps = run, [steps[i] for i in chosen]
        self._pictures = FramePictures(run.config, run.frame(self._steps[-1]))

    def __len__(self) -> int:
        return len(self._steps)

    def __getitem__(self, i: int) -> np.ndarray:  # type: ignore[override]
        step = self._steps[i]
        return _with_step(self._pictures.draw(self._run.frame(step)), step)


def _with_step(picture: Image.Image, step: int) -> np.ndarray:
    """The picture above a white line with the step, (H, W, C)."""
    frame = Image.new(picture.mode, (picture.width, picture.height + STRIP), "white")
    frame.paste(picture)
    font = ImageFont.load_default(14)
    ImageDraw.Draw(frame).text((6, picture.height + STRIP / 2), f"step {step:,}", "black", font, anchor="lm")
    return np.atleast_3d(np.asarray(frame))

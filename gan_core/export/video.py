"""Moving pictures: from frames to the bytes of a GIF or an MP4.

A kind is one function in `KINDS`, from frames of equal size, one at a time, to the file's bytes.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SMALLEST = 256  # pixels on the longer side; smaller frames are enlarged
_PALETTE_FROM = 16  # frames that a GIF's colours are chosen from

Told = Callable[[float], None]
"""Is told the fraction done, from 0 to 1. It may raise, to give up."""


def animate(
    frames: np.ndarray | Sequence[np.ndarray], kind: str = "gif", fps: float = 20, progress: Told | None = None
) -> bytes:
    """Frames (n, H, W, C) uint8, grey (C = 1) or RGB (C = 3), as a film that repeats, in the format `kind` of `KINDS`.

    Small frames are enlarged by whole pixels. Frames may be a sequence that makes each when it is asked for it.

    Raises:
        ValueError: there is no frame, no such kind, or no positive rate.
    """
    if kind not in KINDS:
        raise ValueError(f'"{kind}" is not a kind of film; choose from {", ".join(KINDS)}')
    if not len(frames):
        raise ValueError("There is no frame to make a film of")
    if fps <= 0:
        raise ValueError(f"A film needs more than 0 frames a second, not {fps}")
    return KINDS[kind](_Reel(frames, progress or (lambda done: None)), fps)


def enlarged(frame: np.ndarray) -> np.ndarray:
    """The frame (H, W, C), each pixel so often repeated that the longer side has `SMALLEST` at least."""
    times = max(1, -(-SMALLEST // max(frame.shape[:2])))
    return frame.repeat(times, axis=0).repeat(times, axis=1)


class _Reel:
    """Frames as pictures of the film's size, grey or RGB; whoever runs through them all has progress told."""

    def __init__(self, frames: np.ndarray | Sequence[np.ndarray], progress: Told) -> None:
        self._frames, self._progress = frames, progress

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, i: int) -> Image.Image:
        frame = enlarged(np.asarray(self._frames[i]))
        return Image.fromarray(frame[..., 0] if frame.shape[2] == 1 else frame)

    def __iter__(self) -> Iterator[Image.Image]:
        for i in range(len(self)):
            yield self[i]
            self._progress((i + 1) / len(self))


def _gif(reel: _Reel, fps: float) -> bytes:
    """One palette for all frames, so that still parts do not flicker. A GIF counts in hundredths of a second."""
    palette = _palette(reel)
    frames = (frame if palette is None else frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in reel)
    file = io.BytesIO()
    next(frames).save(
        file,
        "GIF",
        save_all=True,
        append_images=frames,
        duration=max(20, round(100 / fps) * 10),  # browsers slow down what is faster than 50 a second
        loop=0,
        optimize=False,
    )
    return file.getvalue()


def _palette(reel: _Reel) -> Image.Image | None:
    """256 colours for the whole film, from frames spread over it, both ends included; None if all is grey anyway."""
    if reel[0].mode == "L":
        return None
    chosen = sorted({round(i) for i in np.linspace(0, len(reel) - 1, min(_PALETTE_FROM, len(reel)))})
    some = np.concatenate([np.asarray(reel[i]) for i in chosen])
    return Image.fromarray(some).quantize(256, method=Image.Quantize.MEDIANCUT)


def _mp4(reel: _Reel, fps: float) -> bytes:
    """H.264 in yuv420p, which every browser plays, and which wants even sides: an odd one repeats its last pixels."""
    from imageio_ffmpeg import write_frames

    width, height = (side + side % 2 for side in reel[0].size)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "film.mp4")
        writer = write_frames(
            str(file),
            (width, height),
            pix_fmt_in="rgb24",
            pix_fmt_out="yuv420p",
            fps=fps,
            codec="libx264",
            quality=None,
            macro_block_size=1,
            output_params=["-crf", "18", "-preset", "fast", "-movflags", "+faststart"],
            ffmpeg_log_level="error",
        )
        writer.send(None)
        try:
            for frame in reel:
                pixels = np.asarray(frame.convert("RGB"))
                missing = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
                writer.send(np.ascontiguousarray(np.pad(pixels, missing, mode="edge")))
        finally:
            writer.close()
        return file.read_bytes()


KINDS: dict[str, Callable[[_Reel, float], bytes]] = {"gif": _gif, "mp4": _mp4}

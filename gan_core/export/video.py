"""Frames as the bytes of a video. To add a format, write its function and its line in `ENCODERS`."""

from __future__ import annotations

import importlib.util
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from gan_core.export.errors import ExportError

MIN_SIDE = 256  # pixels of the longer side; smaller frames are enlarged
_PALETTE_FRAMES = 16  # frames from which the colours of a GIF are chosen

Frames = Sequence[np.ndarray]  # each (H, W, C) uint8, grey (C = 1) or RGB (C = 3), all of the same size
Progress = Callable[[float], None]  # called with the fraction done, in [0, 1]; may raise to abort


def animate(
    frames: np.ndarray | Frames, kind: str = "gif", fps: float = 20, progress: Progress = lambda done: None
) -> bytes:
    """Frames (n, H, W, C) uint8 as a video that repeats, in the format `kind`: "gif" or "mp4".

    Small frames are enlarged by a whole factor. A sequence may compute each frame on access.

    Raises:
        ValueError: there is no frame, an unknown format, or a rate that is not positive.
        ExportError: an MP4 is wanted, and ffmpeg is missing.
    """
    if kind not in ENCODERS:
        raise ValueError(f'"{kind}" is not a video format; choose from {", ".join(ENCODERS)}')
    if not len(frames):
        raise ValueError("There is no frame to make a video of")
    if fps <= 0:
        raise ValueError(f"A video needs more than 0 frames a second, not {fps}")
    return ENCODERS[kind](frames, fps, progress)


def missing_encoder() -> str:
    """Why no MP4 can be made here, in a sentence; "" if one can."""
    if importlib.util.find_spec("imageio_ffmpeg") is not None:
        from imageio_ffmpeg import get_ffmpeg_exe

        try:
            get_ffmpeg_exe()
            return ""
        except RuntimeError:  # the package has no ffmpeg for this kind of machine
            pass
    return "MP4 needs ffmpeg: run  pip install imageio-ffmpeg  and start again."


def enlarged(frame: np.ndarray) -> Image.Image:
    """The frame (H, W, C) as a picture, scaled by a whole factor so that the longer side has at least `MIN_SIDE`."""
    image = Image.fromarray(frame[..., 0] if frame.shape[2] == 1 else frame)
    return ImageOps.scale(image, max(1, -(-MIN_SIDE // max(image.size))), Image.Resampling.NEAREST)


def _images(frames: np.ndarray | Frames, progress: Progress) -> Iterator[Image.Image]:
    for i in range(len(frames)):
        yield enlarged(frames[i])
        progress((i + 1) / len(frames))


def _gif(frames: np.ndarray | Frames, fps: float, progress: Progress) -> bytes:
    palette = _palette(frames)
    images = _images(frames, progress)
    if palette is not None:
        images = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images)
    duration = max(20, round(100 / fps) * 10)  # ms, in steps of 10; browsers slow down GIFs over 50 frames a second
    file = io.BytesIO()
    next(images).save(file, "GIF", save_all=True, append_images=images, duration=duration, loop=0, optimize=False)
    return file.getvalue()


def _palette(frames: np.ndarray | Frames) -> Image.Image | None:
    """256 colours for all frames, so that still areas do not flicker; None for grey frames."""
    if frames[0].shape[2] == 1:
        return None
    chosen = np.unique(np.linspace(0, len(frames) - 1, _PALETTE_FRAMES).round().astype(int))
    return Image.fromarray(np.concatenate([frames[i] for i in chosen])).quantize(256, Image.Quantize.MEDIANCUT)


def _mp4(frames: np.ndarray | Frames, fps: float, progress: Progress) -> bytes:
    """H.264 in yuv420p, which every browser plays. It needs even sides: an odd side repeats its last pixels."""
    if missing := missing_encoder():
        raise ExportError(missing)
    from imageio_ffmpeg import write_frames

    width, height = enlarged(frames[0]).size
    padding = ((0, height % 2), (0, width % 2), (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "video.mp4")
        writer = write_frames(
            str(file),
            (width + width % 2, height + height % 2),
            fps=fps,
            codec="libx264",
            quality=None,
            macro_block_size=1,
            output_params=["-crf", "18", "-preset", "fast", "-movflags", "+faststart"],
            ffmpeg_log_level="error",
        )
        writer.send(None)
        try:
            for image in _images(frames, progress):
                writer.send(np.ascontiguousarray(np.pad(np.asarray(image.convert("RGB")), padding, mode="edge")))
        finally:
            writer.close()
        return file.read_bytes()


ENCODERS: dict[str, Callable[[np.ndarray | Frames, float, Progress], bytes]] = {"gif": _gif, "mp4": _mp4}

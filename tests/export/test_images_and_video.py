"""Exported pictures and videos open in other programs and show the frames."""

from __future__ import annotations

import io
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from gan_core import export
from gan_core.export.video import ENCODERS


def frames(n: int = 12, side: int = 28, channels: int = 1) -> np.ndarray:
    """A bright square that moves over noise, uint8 (n, side, side, channels)."""
    pictures = np.random.default_rng(0).integers(0, 120, (n, side, side, channels), dtype=np.uint8)
    for i, picture in enumerate(pictures):
        picture[i : i + 8, i : i + 8] = 255
    return pictures


def opened(gif: bytes) -> list[np.ndarray]:
    picture = Image.open(io.BytesIO(gif))
    shown = []
    for i in range(picture.n_frames):
        picture.seek(i)
        shown.append(np.asarray(picture.convert("RGB")))
    return shown


def played(mp4: bytes, folder: Path) -> tuple[dict[str, object], list[np.ndarray]]:
    (folder / "video.mp4").write_bytes(mp4)
    reader = imageio_ffmpeg.read_frames(str(folder / "video.mp4"))
    about = next(reader)
    width, height = about["size"]
    return about, [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader]


def test_a_grid_holds_every_picture_in_its_place() -> None:
    pictures = frames(7, channels=3)
    grid = np.asarray(Image.open(io.BytesIO(export.grid_png(pictures, columns=3))))
    assert grid.shape == (3 * 28, 3 * 28, 3)
    assert np.array_equal(grid[28:56, 56:84], pictures[5])


def test_a_grey_gif_is_exact_and_enlarged_by_a_whole_factor() -> None:
    shown = opened(export.animate(frames(), "gif"))
    for frame, picture in zip(shown, frames(), strict=True):
        assert np.array_equal(frame[..., 0], picture[..., 0].repeat(10, 0).repeat(10, 1))


def test_a_colour_gif_shares_one_palette() -> None:
    gif = export.animate(frames(channels=3), "gif", fps=10)
    picture = Image.open(io.BytesIO(gif))
    assert (picture.info["duration"], picture.info["loop"]) == (100, 0)
    colours = np.unique(np.concatenate([frame.reshape(-1, 3) for frame in opened(gif)]), axis=0)
    assert len(colours) <= 256


def test_an_mp4_plays_everywhere_and_shows_the_frames(tmp_path: Path) -> None:
    about, shown = played(export.animate(frames(side=301), "mp4", fps=25), tmp_path)  # H.264 needs even sides
    assert (about["size"], about["fps"], about["codec"]) == ((302, 302), 25, "h264")
    assert str(about["pix_fmt"]).startswith("yuv420p")
    assert shown[11][11:19, 11:19].mean() > 240


@pytest.mark.parametrize("kind", ENCODERS)
def test_progress_is_reported_up_to_the_end(kind: str) -> None:
    reported: list[float] = []
    export.animate(frames(4), kind, progress=reported.append)
    assert reported == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("kind", "n", "fps", "message"),
    [("webm", 2, 20, "choose from gif, mp4"), ("gif", 0, 20, "no frame"), ("gif", 2, 0, "more than 0 frames")],
)
def test_wrong_arguments_of_a_video_raise(kind: str, n: int, fps: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        export.animate(frames(n), kind, fps)

"""What leaves the app as a picture or a film opens elsewhere, and shows what it should."""

from __future__ import annotations

import io
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from gan_core import export


def frames(n: int = 12, side: int = 28, channels: int = 1) -> np.ndarray:
    """A bright square that wanders over noise, uint8 (n, side, side, channels)."""
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
    (folder / "film.mp4").write_bytes(mp4)
    reader = imageio_ffmpeg.read_frames(str(folder / "film.mp4"))
    about = next(reader)
    width, height = about["size"]
    return about, [np.frombuffer(frame, np.uint8).reshape(height, width, 3) for frame in reader]


def test_a_sheet_holds_every_picture_in_its_place() -> None:
    some = frames(7, channels=3)
    sheet = np.asarray(Image.open(io.BytesIO(export.sheet(some, columns=3))))
    assert sheet.shape == (3 * 28, 3 * 28, 3)
    assert np.array_equal(sheet[28:56, 56:84], some[5])
    assert Image.open(io.BytesIO(export.sheet(some[:1]))).size == (28, 28)


def test_a_grey_gif_is_exact_and_enlarged_by_whole_pixels() -> None:
    some = frames()
    shown = opened(export.animate(some, "gif"))
    assert len(shown) == 12
    for frame, picture in zip(shown, some, strict=True):
        assert np.array_equal(frame[..., 0], picture[..., 0].repeat(10, 0).repeat(10, 1))


def test_a_colour_gif_shares_one_palette() -> None:
    film = export.animate(frames(channels=3), "gif", fps=10)
    picture = Image.open(io.BytesIO(film))
    assert (picture.info["duration"], picture.info["loop"]) == (100, 0)
    colours = np.unique(np.concatenate([frame.reshape(-1, 3) for frame in opened(film)]), axis=0)
    assert len(colours) <= 256


def test_an_mp4_plays_everywhere_and_shows_the_frames(tmp_path: Path) -> None:
    some = frames(side=301)  # odd: H.264 wants even sides
    about, shown = played(export.animate(some, "mp4", fps=25), tmp_path)
    assert (about["size"], about["fps"], about["codec"]) == ((302, 302), 25, "h264")
    assert str(about["pix_fmt"]).startswith("yuv420p")
    assert len(shown) == 12
    assert shown[11][11:19, 11:19].mean() > 240


@pytest.mark.parametrize("kind", export.KINDS)
def test_progress_is_told_up_to_the_end(kind: str) -> None:
    told: list[float] = []
    export.animate(frames(4), kind, progress=told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("kind", "n", "fps", "complaint"),
    [("webm", 2, 20, "choose from gif, mp4"), ("gif", 0, 20, "no frame"), ("gif", 2, 0, "more than 0 frames")],
)
def test_a_film_that_cannot_be_says_why(kind: str, n: int, fps: float, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        export.animate(frames(n), kind, fps)

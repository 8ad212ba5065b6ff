"""The image formats and colour modes that a folder may hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.support.pictures import BLUE, RED, WHITE, close_to, load, only, plain


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.JPEG", "a.webp", "a.gif", "a.bmp"])
def test_every_format_gives_the_same_picture(name: str, tmp_path: Path) -> None:
    plain(RED).save(tmp_path / name)
    dataset = load(tmp_path)
    assert dataset.examples.shape == (1, 3, 16, 16)
    assert dataset.examples.dtype == torch.uint8
    assert close_to(only(dataset), RED)
    assert dataset.notes == ()


def test_pictures_are_cut_to_their_centre_square(tmp_path: Path) -> None:
    wide = plain(RED, (60, 20))
    wide.paste(BLUE, (20, 0, 40, 20))
    wide.save(tmp_path / "wide.png")
    assert close_to(only(load(tmp_path)), BLUE, by=30)  # Lanczos rings at the cut
    assert close_to(only(load(tmp_path))[:, :, 2:-2], BLUE)


def test_a_photograph_is_rotated_by_its_exif_orientation(tmp_path: Path) -> None:
    picture = plain(BLUE, (40, 40))
    picture.paste(RED, (0, 0, 40, 20))  # red at the top
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise: red is then on the right
    picture.save(tmp_path / "a.jpg", exif=exif, quality=95)
    assert close_to(only(load(tmp_path))[:, :, 9:], RED, by=12)
    assert close_to(only(load(tmp_path))[:, :, :7], BLUE, by=12)


@pytest.mark.parametrize(
    ("mode", "name"), [("RGBA", "a.png"), ("RGBA", "a.webp"), ("LA", "a.png"), ("P", "a.png"), ("P", "a.gif")]
)
def test_transparent_pixels_become_white(mode: str, name: str, tmp_path: Path) -> None:
    if mode == "P":
        plain(0, mode="P").save(tmp_path / name, transparency=0)
    else:
        plain((0, 0, 0, 0), mode="RGBA").convert(mode).save(tmp_path / name)
    assert close_to(only(load(tmp_path)), WHITE)


def test_half_transparent_red_becomes_pink(tmp_path: Path) -> None:
    plain((255, 0, 0, 128), mode="RGBA").save(tmp_path / "a.png")
    assert close_to(only(load(tmp_path)), (255, 127, 127))


def test_transparent_pixels_do_not_colour_their_neighbours(tmp_path: Path) -> None:
    """Red beside transparent blue: resizing without premultiplied alpha gives violet pixels."""
    picture = plain((0, 0, 255, 0), (32, 32), "RGBA")
    picture.paste((255, 0, 0, 255), (0, 0, 15, 32))
    picture.save(tmp_path / "a.png")
    assert int((only(load(tmp_path))[2] - only(load(tmp_path))[1]).abs().max()) <= 2  # blue only where white is


def test_sixteen_bit_grey_keeps_its_range(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 16).astype(np.uint16)[None].repeat(16, 0)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    assert only(load(tmp_path))[0, 0].tolist() == [value // 256 for value in ramp[0].tolist()]


@pytest.mark.parametrize(("mode", "name"), [("CMYK", "a.jpg"), ("P", "a.gif"), ("1", "a.png"), ("L", "a.jpg")])
def test_other_colour_modes_are_read(mode: str, name: str, tmp_path: Path) -> None:
    plain(WHITE).convert(mode).save(tmp_path / name)
    assert close_to(only(load(tmp_path)), WHITE)


def test_grey_is_the_brightness_of_the_colours(tmp_path: Path) -> None:
    plain(RED).save(tmp_path / "a.png")
    grey = load(tmp_path, channels=1)
    assert grey.examples.shape == (1, 1, 16, 16)
    assert set(grey.examples.flatten().tolist()) == {76}  # 0.299 * 255


def test_a_large_jpeg_decoded_at_a_reduced_size_looks_the_same(tmp_path: Path) -> None:
    x = np.linspace(0, 24 * np.pi, 400)
    waves = (127 + 60 * np.sin(x)[None] + 60 * np.cos(x)[:, None]).astype(np.uint8)
    for size in (16, 128):
        Image.fromarray(waves).resize((8 * size, 8 * size)).save(tmp_path / "a.jpg", quality=95)
        with Image.open(tmp_path / "a.jpg") as whole:
            expected = np.asarray(whole.resize((size, size), Image.Resampling.LANCZOS)).astype(int)
        assert np.abs(only(load(tmp_path, channels=1, size=size))[0].numpy() - expected).mean() < 2


def test_only_the_first_frame_of_an_animation_is_used(tmp_path: Path) -> None:
    plain(RED).save(tmp_path / "a.gif", save_all=True, append_images=[plain(BLUE)])
    assert close_to(only(load(tmp_path)), RED)

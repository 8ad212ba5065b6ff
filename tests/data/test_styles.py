"""What is chosen for all pictures of a set: the ground, the range of deep grey, the fit; and copies are used once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core.config import TrainConfig
from gan_core.config.relevance import is_used
from gan_core.latent.nearest_images import neighbors
from tests.support.odd_files import picture
from tests.support.pictures import BLUE, RED, WHITE, close_to, encoded, load, only, plain, zipped

GREY, BLACK = (128, 128, 128), (0, 0, 0)


def deep(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values).save(path)


def test_deep_grey_has_one_range_for_the_whole_set(tmp_path: Path) -> None:
    for i, top in enumerate((1000, 2000, 4095)):
        deep(tmp_path / f"{i}.png", np.linspace(0, top, 400).reshape(20, 20).astype(np.uint16))
    picture(1).save(tmp_path / "colour.png")
    dataset = load(tmp_path)
    tops = sorted(int(example.max()) for example in dataset.examples)
    assert tops[0] == pytest.approx(1000 / 4095 * 255, abs=5)
    assert tops[1] == pytest.approx(2000 / 4095 * 255, abs=5)
    assert "3 pictures have grey values of more than 8 bits" in dataset.notes[0]
    assert "409" in dataset.notes[0]


@pytest.mark.parametrize("values", [np.linspace(100, 600, 400), np.linspace(30_000, 34_000, 400)])
def test_a_narrow_range_of_deep_grey_is_spread(values: np.ndarray, tmp_path: Path) -> None:
    deep(tmp_path / "a.png", values.reshape(20, 20).astype(np.uint16))
    assert only(load(tmp_path)).min() < 10
    assert only(load(tmp_path)).max() > 245


def test_a_tiff_of_floats_is_spread_too(tmp_path: Path) -> None:
    deep(tmp_path / "a.tif", np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20))
    assert only(load(tmp_path)).min() < 10
    assert only(load(tmp_path)).max() > 245


def icon(colour: tuple[int, int, int], at: int = 5) -> Image.Image:
    image = Image.new("RGBA", (20, 20))
    image.paste((*colour, 255), (at, 5, 15, 15))
    return image


def test_white_icons_get_a_black_ground(tmp_path: Path) -> None:
    for i in range(3):
        icon(WHITE, at=4 + i).save(tmp_path / f"{i}.png")
    dataset = load(tmp_path)
    assert all(close_to(example.int()[:, :2], BLACK) for example in dataset.examples)
    assert dataset.notes == (
        "3 pictures are transparent: they are shown on black, as they are nearly white (data.ground)",
    )


def test_coloured_icons_get_a_white_ground(tmp_path: Path) -> None:
    icon(RED).save(tmp_path / "a.png")
    assert close_to(only(load(tmp_path))[:, :2], WHITE)
    assert load(tmp_path).notes == ("1 picture is transparent: it is shown on white (data.ground)",)


@pytest.mark.parametrize(("ground", "colour"), [("white", WHITE), ("black", BLACK), ("grey", GREY)])
def test_the_ground_can_be_chosen(ground: str, colour: tuple[int, int, int], tmp_path: Path) -> None:
    icon(RED).save(tmp_path / "a.png")
    assert close_to(only(load(tmp_path, ground=ground))[:, :2], colour)
    assert close_to(only(load(tmp_path, ground=ground))[:, 7:9, 7:9], RED)


def test_a_wide_picture_can_be_cropped_padded_or_stretched(tmp_path: Path) -> None:
    wide = plain(RED, (64, 16))
    wide.paste(BLUE, (0, 0, 16, 16))
    wide.save(tmp_path / "a.png")
    assert close_to(only(load(tmp_path))[:, :, 1:], RED)
    stretched = only(load(tmp_path, fit="stretch"))
    assert close_to(stretched[:, :, :3], BLUE, by=40)
    assert close_to(stretched[:, :, 6:], RED)
    padded = only(load(tmp_path, fit="pad", ground="black"))
    assert close_to(padded[:, :5], BLACK)
    assert close_to(padded[:, 11:], BLACK)
    assert close_to(padded[:, 7:9, 8:], RED)
    grey = load(tmp_path, fit="pad", ground="grey", channels=1)
    assert grey.examples[0, 0, 0].tolist() == [128] * 16
    assert "Cropping to a square removes over a third of 1 of 1" in load(tmp_path).notes[0]
    assert load(tmp_path, fit="pad").notes == ()


def test_the_settings_of_own_pictures_are_shown_for_them_only() -> None:
    own = TrainConfig().with_values({"data.name": "folder"})
    for key in ("data.fit", "data.ground", "data.path", "condition.name"):
        assert is_used(own, key)
    for key in ("data.fit", "data.ground", "data.path"):
        assert not is_used(TrainConfig(), key)


# ---- copies ---------------------------------------------------------------------------------------------------------


def test_pictures_stored_twice_are_used_once_so_that_memorisation_shows(tmp_path: Path) -> None:
    for i in range(100):
        content = encoded(picture(i))
        (tmp_path / f"{i}.png").write_bytes(content)
        (tmp_path / f"copy of {i}.bmp").write_bytes(encoded(picture(i), "BMP") if i % 2 else content)
    dataset = load(tmp_path)
    assert len(dataset) == 100
    assert dataset.notes[0].startswith("Left out 100 pictures that are the same as another one: ")
    config = TrainConfig().with_values({"data.name": "folder", "data.path": str(tmp_path), "data.size": 16,
                                        "generator.depth": 1, "discriminator.depth": 1})  # fmt: skip
    found = neighbors(config, dataset.examples[:3], dataset, k=2)
    assert np.allclose(found.distance[:, 0], 0, atol=1e-4)
    assert (found.distance[:, 1] > 0.1).all()


def test_a_count_is_reached_in_spite_of_copies(tmp_path: Path) -> None:
    for i in range(20):
        for copy in "abc":
            (tmp_path / f"{i}{copy}.png").write_bytes(encoded(picture(i)))
    assert len(load(tmp_path, count=20)) == 20
    assert torch.equal(load(tmp_path, count=7).examples, load(tmp_path).examples[:7])


def test_the_same_picture_in_two_classes_stays_in_both(tmp_path: Path) -> None:
    entries = {f"{kind}/{i}.png": encoded(picture(i)) for kind in ("cat", "dog") for i in range(2)}
    dataset = load(zipped(tmp_path / "a.zip", entries))
    assert (len(dataset), dataset.classes) == (4, ("cat", "dog"))
    assert dataset.notes == ("2 pictures are in two or more classes",)

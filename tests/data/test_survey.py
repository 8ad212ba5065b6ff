"""A survey of a folder tells what training would use, and a preview shows the first pictures as training sees them."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import data
from gan_core.config import TrainConfig
from gan_core.data import DataError
from gan_core.data.survey import preview, survey
from tests.support.pictures import RED, encoded, load, plain, zipped


def noise(seed: int, size: tuple[int, int] = (20, 20)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3))
    return Image.fromarray(pixels.astype(np.uint8))


def test_a_survey_counts_pictures_copies_and_skipped_files(tmp_path: Path) -> None:
    for i in range(5):
        noise(i, (20 + i, 20)).save(tmp_path / f"{i}.png")
    (tmp_path / "copy.png").write_bytes((tmp_path / "1.png").read_bytes())
    plain((255, 0, 0, 0), mode="RGBA").save(tmp_path / "clear.png")
    plain(7, mode="L", size=(40, 40)).save(tmp_path / "grey.jpg")
    Image.fromarray(np.full((20, 20), 4000, np.uint16)).save(tmp_path / "deep.png")
    plain(size=(3, 3)).save(tmp_path / "small.png")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".DS_Store").write_text("x")
    found = survey(str(tmp_path))
    assert found.pictures == 8
    assert found.duplicates == (("1.png", "copy.png"),)
    assert found.skipped == {
        "text, not a picture": ("notes.txt",),
        "smaller than 8 pixels": ("small.png",),
        "made by the operating system": (".DS_Store",),
    }
    assert (found.smallest, found.largest) == ((20, 20), (40, 40))
    assert (found.not_square, found.transparent, found.grey, found.sixteen_bit) == (4 / 8, 1 / 8, 2 / 8, 1 / 8)
    assert not found.classes
    assert not found.splits


def test_a_survey_counts_classes_and_splits_as_training_does(tmp_path: Path) -> None:
    entries = {
        f"set/{split}/{kind}/{i}.png": encoded(noise(100 * ord(split[0]) + 10 * ord(kind[0]) + i))
        for split, count in (("train", 4), ("val", 2))
        for kind in ("cat", "dog")
        for i in range(count)
    }
    archive = zipped(tmp_path / "a.zip", entries)
    found = survey(str(archive))
    assert found.classes == {"cat": 4, "dog": 4}
    assert found.splits == {"train": 8, "val": 4}
    dataset = load(archive)
    assert (len(dataset), dataset.classes) == (8, ("cat", "dog"))
    assert dataset.held_out is not None
    assert len(dataset.held_out) == 4
    assert set(found.notes) <= set(dataset.notes)


def test_a_preview_is_the_beginning_of_the_training_data(tmp_path: Path) -> None:
    for i in range(40):
        noise(i).save(tmp_path / f"{i}.png")
    (tmp_path / "bad.png").write_text("x")
    config = TrainConfig().with_values({"data.name": "folder", "data.path": str(tmp_path), "data.fit": "pad"})
    assert torch.equal(preview(config), data.load(config).examples[:16])
    assert len(preview(config, 100)) == 40


def test_a_survey_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder or file"):
        survey(str(tmp_path / "nowhere"))
    assert survey(str(tmp_path)).pictures == 0


def test_a_survey_of_many_photographs_is_quick(tmp_path: Path) -> None:
    photograph = encoded(Image.effect_noise((2000, 1500), 60).convert("RGB"), "JPEG")
    for i in range(300):
        (tmp_path / f"{i}.jpg").write_bytes(photograph + bytes(i))
    start = time.perf_counter()
    assert survey(str(tmp_path)).pictures == 300
    assert time.perf_counter() - start < 10


def test_progress_reaches_the_user(tmp_path: Path) -> None:
    plain(RED).save(tmp_path / "a.png")
    texts: list[str] = []
    survey(str(tmp_path), lambda done, text: texts.append(text))
    assert texts == ["Looking at the pictures: 0 of 1"]

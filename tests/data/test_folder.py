"""Folders of pictures: files that are skipped, classes, progress and errors."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import pytest
import torch
from PIL import Image

from gan_core import data
from gan_core.config import TrainConfig
from gan_core.data import FEW, DataError, few_notes, images, store
from gan_core.data.arrangement import arrange
from gan_core.data.decoding import with_image
from gan_core.training.trainer import Trainer
from tests.support.pictures import BLUE, RED, close_to, encoded, load, only, plain
from tests.support.small import DIGITS

T = TypeVar("T")

# ---- skipped files ---------------------------------------------------------------------------------------------------


def test_a_folder_with_bad_files_loads_and_names_the_skipped_ones(tmp_path: Path) -> None:
    plain().save(tmp_path / "good.png")
    whole = encoded(Image.effect_noise((64, 64), 50))
    (tmp_path / "broken.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.jpg").write_bytes(b"")
    plain(size=(1, 1)).save(tmp_path / "dot.png")
    (tmp_path / "notes.txt").write_text("hello")
    Image.new("L", (8000, 8000), 200).save(tmp_path / "huge.png")  # 64 megapixels can be used
    dataset = load(tmp_path)
    assert len(dataset) == 2
    assert sorted(dataset.notes) == [
        "Skipped 1 file (empty): empty.jpg",
        "Skipped 1 file (smaller than 8 pixels): dot.png",
        "Skipped 1 file (text, not a picture): notes.txt",
        "Skipped 2 files (broken or not a picture): broken.png, text.png",
    ]


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes do not hold."""
    whole = encoded(plain())
    header = struct.pack(">II", width, height) + whole[24:29]
    crc = struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return whole[:16] + header + crc + whole[33:]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_001, 13_000, 60_000, 2**31 - 1])
def test_a_picture_with_too_many_pixels_is_skipped_by_its_header(side: int, tmp_path: Path) -> None:
    plain().save(tmp_path / "good.png")
    (tmp_path / "bomb.png").write_bytes(png_of_size(side, side))
    assert load(tmp_path).notes == ("Skipped 1 file (larger than 100 megapixels): bomb.png",)


def test_many_bad_files_are_counted_and_the_first_three_are_named(tmp_path: Path) -> None:
    plain().save(tmp_path / "good.png")
    for i in range(1200):
        (tmp_path / f"bad{i:04}.png").write_text("x")
    dataset = load(tmp_path)
    assert len(dataset) == 1
    assert dataset.notes == (
        "Skipped 1,200 files (broken or not a picture): bad0000.png, bad0001.png, bad0002.png and 1,197 more",
    )


def test_names_in_notes_are_short_and_printable(tmp_path: Path) -> None:
    plain().save(tmp_path / "good.png")
    for name in (b"\xff\xfe.png", b"line\nbreak.png", b"x" * 200 + b".png"):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_text("bad")
    (note,) = load(tmp_path).notes
    assert note.isprintable()
    assert note.encode()  # no lone surrogates
    assert len(note) < 200


def test_a_hidden_link_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / ".link").symlink_to(tmp_path / "folder")
    hidden: list[str] = []
    assert [*store.files(str(tmp_path), on_hidden=hidden.append)] == ["folder"]
    assert hidden == [".link"]


def test_hidden_files_of_operating_systems_are_skipped_without_a_note(tmp_path: Path) -> None:
    plain().save(tmp_path / "good.png")
    (tmp_path / "__MACOSX").mkdir()
    for name in (".DS_Store", "._good.png", "Thumbs.db", "__MACOSX/x.png"):
        (tmp_path / name).write_text("x")
    assert load(tmp_path).notes == ()


def test_links_are_followed_only_inside_the_folder(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "inside-not"
    inside.mkdir()
    outside.mkdir()
    plain(RED).save(inside / "real.png")
    plain(BLUE).save(outside / "secret.png")
    (inside / "real-again.png").symlink_to(inside / "real.png")
    (inside / "stolen.png").symlink_to(outside / "secret.png")
    (inside / "all").symlink_to(outside)
    (inside / "loop").symlink_to(inside)
    (inside / "nowhere.png").symlink_to(inside / "gone.png")
    dataset = load(inside)
    assert close_to(only(dataset), RED)
    copies, links = dataset.notes
    assert copies.startswith("Left out 1 picture that is the same as another one: real")
    assert links == "Skipped 4 files (link out of the folder): all, loop, nowhere.png and 1 more"


def test_a_pipe_is_skipped(tmp_path: Path) -> None:
    plain().save(tmp_path / "good.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert len(load(tmp_path)) == 1


# ---- folders --------------------------------------------------------------------------------------------------------


def test_nested_folders_are_read(tmp_path: Path) -> None:
    for i, name in enumerate(("a/b/c", "a/d", "e")):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        plain((i, 0, 0)).save(tmp_path / name / "x.png")
    dataset = load(tmp_path)
    assert len(dataset) == 3
    assert dataset.labels is None  # the folders are at different depths


def test_sibling_folders_are_classes(tmp_path: Path) -> None:
    for name, colour in (("blue", BLUE), ("red", RED)):
        (tmp_path / name).mkdir()
        for i in range(5):
            plain(colour, (20, 20 + i)).save(tmp_path / name / f"{i}.png")
    (tmp_path / "readme.txt").write_text("hello")
    dataset = load(tmp_path)
    assert dataset.classes == ("blue", "red")
    assert dataset.labels is not None
    assert dataset.labels.dtype == torch.int64
    assert sorted(dataset.labels.tolist()) == [0] * 5 + [1] * 5
    for picture, label in zip(dataset.examples, dataset.labels, strict=True):
        assert close_to(picture.int(), (BLUE, RED)[int(label)])


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["cat/1.png", "dog/1.png"], ("cat", "dog")),
        (["top/cat/1.png", "top/dog/1.png"], ("cat", "dog")),
        (["cat/1.png", "cat/2.png"], ()),
        (["cat/1.png", "2.png"], ()),
        (["cat/1.png", "dog/small/1.png"], ()),
        (["x/cat/1.png", "y/cat/1.png"], ()),
        (["1.png"], ()),
    ],
)
def test_only_folders_side_by_side_are_classes(names: list[str], classes: tuple[str, ...]) -> None:
    assert arrange(names).classes == classes


def test_a_count_skips_bad_files_and_stops_at_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(30):
        plain((i, 0, 0)).save(tmp_path / f"good{i}.png")
        (tmp_path / f"bad{i}.png").write_text("x")
    reads: list[int] = []

    def counted(file: BinaryIO, use: Callable[[Image.Image], T]) -> T:
        reads.append(1)
        return with_image(file, use)

    monkeypatch.setattr(images, "with_image", counted)
    part = load(tmp_path, count=10)
    assert len(part) == 10
    assert len(reads) < 40
    data.forget()
    assert torch.equal(load(tmp_path).examples[:10], part.examples)


def test_progress_reports_the_number_of_pictures_read(tmp_path: Path) -> None:
    for i in range(100):
        plain(i, mode="L").save(tmp_path / f"{i}.png")
    reported: list[tuple[float, str]] = []
    config = TrainConfig().with_values({"data.name": "folder", "data.path": str(tmp_path)})
    data.load(config, lambda done, text: reported.append((done, text)))
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)
    assert reported[-1] == (1.0, "Reading pictures: 100 of 100")


def test_a_folder_that_has_changed_is_read_again(tmp_path: Path) -> None:
    plain(RED).save(tmp_path / "a.png")
    first = load(tmp_path)
    assert load(tmp_path) is first
    plain(BLUE).save(tmp_path / "b.png")
    assert len(load(tmp_path)) == 2


def test_a_path_may_start_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "faces").mkdir()
    plain().save(tmp_path / "faces" / "a.png")
    assert len(load("~/faces")) == 1


# ---- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "No folder is chosen"),
        ("/no/such/folder", "There is no folder or file /no/such/folder"),
        ("/no\x00where", "There is no folder or file"),
        ("x" * 900, "There is no folder or file"),
    ],
)
def test_a_missing_path_is_an_error_that_names_the_setting(path: str, reason: str) -> None:
    with pytest.raises(DataError, match=f"{reason}.*set data.path to a folder or a zip file"):
        load(path)


def test_a_folder_without_pictures_is_an_error_that_names_its_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No picture in .* can be used\. It is empty"):
        load(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.png").write_text("x")
    with pytest.raises(DataError, match=r"Skipped 1 file \(text.*a\.txt\. Skipped 1 file \(broken.*b\.png"):
        load(tmp_path)


def test_a_file_that_is_not_a_zip_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("x")
    with pytest.raises(DataError, match="cannot be read as a zip file"):
        load(tmp_path / "a.tar")


def test_a_trainer_notes_that_pictures_are_few_and_that_augmentation_helps(tmp_path: Path) -> None:
    plain().save(tmp_path / "only.png")
    own = DIGITS.with_values({"data.name": "folder", "data.path": str(tmp_path), "data.count": 0})
    (note,) = Trainer(own, "cpu").notes
    assert note == few_notes(own, 1)[0]
    assert "1 picture is few" in note
    assert "augment.adaptive" in note
    assert "augment.adaptive" not in few_notes(own.with_values({"augment.adaptive": 0.6}), 499)[0]
    assert few_notes(own, FEW) == few_notes(DIGITS, 1) == ()

"""What folders mean: classes, splits, masks, strays; and zips from other systems."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from gan_core.data import HELD_OUT
from gan_core.data.arrangement import BESIDE_CLASSES, MASKS, arrange
from tests.support.odd_files import picture
from tests.support.pictures import encoded, load


def names(**folders: int) -> list[str]:
    """Names of pictures in folders; "__" stands for "/", and "root" for the folder itself."""
    return [
        f"{folder.replace('__', '/')}/{i}.jpg".removeprefix("root/") for folder, n in folders.items() for i in range(n)
    ]


@pytest.mark.parametrize("other", ["val", "valid", "validation", "test", "Test"])
def test_the_training_split_is_used_and_has_the_classes(other: str) -> None:
    files = names(train__cat=5, train__dog=4) + [f"{other}/{kind}/0.jpg" for kind in ("cat", "dog")]
    found = arrange(files)
    assert found.classes == ("cat", "dog")
    assert found.train == files[:9]
    assert found.held_out == files[9:]
    assert found.splits == {"train": 9, other.lower(): 2}
    assert f"Not used for training: {other.lower()} (2)" in found.notes[0]


def test_splits_may_lie_in_the_classes_or_have_none() -> None:
    found = arrange(names(cat__train=3, cat__test=1, dog__train=2, dog__test=1))
    assert (found.classes, len(found.train), len(found.held_out)) == (("cat", "dog"), 5, 2)
    found = arrange(names(train=3, test=2))
    assert (found.classes, len(found.train), len(found.held_out)) == ((), 3, 2)
    assert arrange(names(train=3, cars=2)).classes == ("cars", "train")  # trains and cars


def test_a_stray_picture_leaves_the_classes_alone() -> None:
    found = arrange(names(cat=10, dog=10, root=1))
    assert found.classes == ("cat", "dog")
    assert found.skipped == {BESIDE_CLASSES: ["0.jpg"]}
    found = arrange(names(cat=10, dog=10, root=9))
    assert found.classes == ()
    assert len(found.train) == 29
    assert "9 pictures lie beside them" in found.notes[0]


@pytest.mark.parametrize(
    ("folders", "masks"),
    [
        ({"images": 5, "masks": 5}, 5),
        ({"set__imgs": 5, "set__mask": 4}, 4),
        ({"train__images": 5, "train__masks": 5, "val__images": 2, "val__masks": 2}, 7),
        ({"images__train": 5, "images__val": 2, "masks__train": 5, "masks__val": 2}, 7),
        ({"cat": 5, "dog": 5}, 0),
        ({"masks": 5}, 0),
        ({"masks": 5, "hats": 9, "shoes": 9}, 0),
    ],
)
def test_masks_are_told_from_classes(folders: dict[str, int], masks: int) -> None:
    found = arrange(names(**folders))
    assert len(found.skipped.get(MASKS, ())) == masks
    assert not masks or found.classes == ()
    assert all("mask" not in name for name in found.train) or not masks


def test_masks_beside_their_pictures_are_left_out() -> None:
    found = arrange(["1.jpg", "1_mask.png", "2.jpg", "2_mask.png", "lone_mask.png"])
    assert found.skipped == {MASKS: ["1_mask.png", "2_mask.png"]}
    assert found.train == ["1.jpg", "2.jpg", "lone_mask.png"]


def test_held_out_pictures_have_labels_and_are_few(tmp_path: Path) -> None:
    for split, n in (("train", 3), ("val", HELD_OUT)):
        for k, kind in enumerate(("cat", "dog")):
            folder = tmp_path / split / kind
            folder.mkdir(parents=True)
            for i in range(n):
                picture(1000 * (split == "val") + 100 * k + i).save(folder / f"{i}.png")
    dataset = load(tmp_path)
    held_out = dataset.held_out
    assert (len(dataset), dataset.classes) == (6, ("cat", "dog"))
    assert held_out is not None
    assert held_out.labels is not None
    assert len(held_out) == len(held_out.labels) == HELD_OUT
    assert set(held_out.labels.tolist()) == {0, 1}


# ---- zips from other systems -----------------------------------------------------------------------------------------


def old_zip(path: Path, folders: list[str], codec: str) -> Path:
    """A zip with a picture in each folder, whose names have this encoding and no mark of it."""
    with zipfile.ZipFile(path, "w") as archive:
        for i, folder in enumerate(folders):
            archive.writestr(f"{i:03}/x.png".rjust(len(folder.encode(codec)) + 6, "-"), encoded(picture(i)))
    content = path.read_bytes()
    for i, folder in enumerate(folders):
        raw = folder.encode(codec)
        content = content.replace(f"{i:03}/x.png".rjust(len(raw) + 6, "-").encode(), raw + b"/x.png")
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("codec", "folders", "language"),
    [
        ("utf-8", ["ねこ写真", "いぬ写真"], ""),
        ("cp932", ["ねこの写真", "いぬの写真"], "Japanese"),
        ("cp932", ["猫写", "犬写"], "Japanese"),
        ("gb2312", ["小猫图片", "小狗图片"], "Chinese"),
        ("euc_kr", ["고양이", "강아지"], "Korean"),
        ("cp866", ["кошка", "собака"], "Russian"),
        ("cp850", ["vögel", "hühner"], "Western European"),
        ("cp1252", ["vögel", "hühner"], "Western European"),
    ],
)
def test_names_without_a_mark_are_decoded(codec: str, folders: list[str], language: str, tmp_path: Path) -> None:
    dataset = load(old_zip(tmp_path / "a.zip", folders, codec))
    assert set(dataset.classes) == set(folders)
    notes = [note for note in dataset.notes if "do not say how they are encoded" in note]
    assert len(notes) == bool(language)
    assert all(f"read as {language}" in note for note in notes)


def test_a_zip_with_backslashes_has_its_classes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i, name in enumerate(("pets\\cat\\1.png", "pets\\dog\\1.png", "..\\out.png", "pets\\__MACOSX\\1.png")):
            entry = zipfile.ZipInfo("x")
            entry.filename = name
            archive.writestr(entry, encoded(picture(i)))
    dataset = load(tmp_path / "a.zip")
    assert dataset.classes == ("cat", "dog")
    assert dataset.notes == ("Skipped 1 file (path leads out of the zip): out.png",)

"""Files of torchvision's data sets that a user put into the data folder, and that are wrong, damaged or incomplete."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from gan_core import data
from gan_core.data import DataError
from tests.data.test_vision import load, same
from tests.support.vision_sites import DIGITS, NAMES, NOWHERE, idx, site_of

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path))
    return tmp_path


def refusal(name: str) -> str:
    with pytest.raises(DataError) as caught:
        load(name)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", ["another file", "cut off", "unpacked"])
def test_a_file_with_a_wrong_checksum_is_named_and_only_that_file_is_asked_for(
    name: str,
    fault: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = site_of(name, NOWHERE, monkeypatch)
    site.put_into(folder)
    first = next(iter(site.files))
    content = site.files[first]
    faulty = {"another file": b"hello", "cut off": content[: len(content) // 2], "unpacked": b"\0" + content}[fault]
    (folder / site.place / first).write_bytes(faulty)
    text = refusal(name)
    assert f"{first} has the wrong checksum, so it is damaged or another file: delete it" in text
    assert f"put them into {folder / site.place}: {first}. Or" in text
    site.put_into(folder)
    assert same(load(name), site, tolerance=2)


@pytest.mark.parametrize("name", DIGITS)
def test_only_missing_files_are_asked_for(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_of(name, NOWHERE, monkeypatch)
    site.put_into(folder)
    place = folder / site.place
    (place / IMAGES).write_bytes(gzip.decompress((place / f"{IMAGES}.gz").read_bytes()))  # unpacked by hand
    for gone in (f"{IMAGES}.gz", "t10k-labels-idx1-ubyte.gz"):
        (place / gone).unlink()
    text = refusal(name)
    assert "checksum" not in text
    assert f"put them into {place}: t10k-labels-idx1-ubyte.gz. Or" in text
    (place / "t10k-labels-idx1-ubyte.gz").write_bytes(site.files["t10k-labels-idx1-ubyte.gz"])
    assert same(load(name), site)


WRONG = {
    "fewer labels": (LABELS, idx(np.arange(5, dtype=np.uint8)), "5 labels from 0 to 4 for 12 pictures"),
    "labels of 99": (LABELS, idx(np.full(12, 99, np.uint8)), "12 labels from 99 to 99 for 12 pictures"),
    "pictures as labels": (LABELS, idx(np.zeros((12, 28, 28), np.uint8)), "is incomplete or another file"),
    "no labels": (LABELS, gzip.compress(b""), "is incomplete or another file"),
    "cut off": (IMAGES, gzip.compress(gzip.decompress(idx(np.zeros((12, 28, 28), np.uint8)))[:999]), "is incomplete"),
    "small pictures": (IMAGES, idx(np.zeros((12, 14, 14), np.uint8)), "holds no pictures of 28 x 28 pixels"),
    "text": (IMAGES, gzip.compress(b"<html>please log in to this network</html>"), "is incomplete or another file"),
}


@pytest.mark.parametrize(("file", "packed", "reason"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("name", DIGITS)
def test_unpacked_files_with_wrong_contents_are_named(
    name: str,
    file: str,
    packed: bytes,
    reason: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = site_of(name, NOWHERE, monkeypatch)
    site.put_into(folder)
    (folder / site.place / file).write_bytes(gzip.decompress(packed))
    text = refusal(name)
    assert "are damaged" in text
    assert file in text
    assert reason in text
    assert text.endswith("delete them and start again")
    (folder / site.place / file).unlink()  # the packed file is still there
    assert same(load(name), site)


def test_a_damaged_part_of_an_archive_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_of("cifar10", NOWHERE, monkeypatch)
    site.put_into(folder)
    load("cifar10")
    data.forget()
    (folder / "cifar-10-batches-py" / "data_batch_2").write_bytes(b"hello")
    assert same(load("cifar10"), site), "the archive is unpacked again"
    data.forget()
    (folder / "cifar-10-batches-py" / "data_batch_2").write_bytes(b"hello")
    (folder / "cifar-10-python.tar.gz").unlink()
    assert "cifar-10-batches-py/data_batch_2 has the wrong checksum" in refusal("cifar10")

"""Zips of pictures are read without unpacking, and hostile ones are refused."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from gan_core import data
from gan_core.data import DataError, decoding, sources
from tests.support.pictures import BLUE, encoded, load, plain, zipped


def test_a_zip_gives_the_examples_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    entries = {}
    for i in range(20):
        plain((10 * i, 0, 0)).save(tmp_path / "faces" / f"{i}.png")
        entries[f"{i}.png"] = (tmp_path / "faces" / f"{i}.png").read_bytes()
    archive = zipped(tmp_path / "faces.zip", entries)
    assert torch.equal(load(archive).examples, load(tmp_path / "faces").examples)


def test_a_zip_is_never_unpacked_to_disk(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"../evil.png": encoded(plain()), "good.png": encoded(plain())})
    dataset = load(archive)
    assert len(dataset) == 1
    assert dataset.notes == ("Skipped 1 file (path leads out of the zip): evil.png",)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]
    assert not (tmp_path.parent / "evil.png").exists()


def test_a_zip_of_class_folders_has_classes(tmp_path: Path) -> None:
    entries = {f"faces/{name}/1.png": encoded(plain()) for name in ("old", "young")}
    assert load(zipped(tmp_path / "a.zip", entries | {"__MACOSX/faces/._x.png": b"x"})).classes == ("old", "young")


def test_a_zip_that_unpacks_to_too_much_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = zipped(tmp_path / "a.zip", {f"{i}.png": bytes(100_000) for i in range(3)})
    assert archive.stat().st_size < 2000
    monkeypatch.setattr(sources, "MAX_UNPACKED_BYTES", 250_000)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: pytest.fail("read before it was checked"))
    with pytest.raises(DataError, match="unpack it and give the folder instead"):
        load(archive)


def test_an_entry_larger_than_its_declared_size_is_skipped(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"bomb.png": bytes(5_000_000), "good.png": encoded(plain())})
    content = archive.read_bytes()
    archive.write_bytes(content.replace(struct.pack("<I", 5_000_000), struct.pack("<I", 100)))
    dataset = load(archive)
    assert len(dataset) == 1
    assert dataset.notes == ("Skipped 1 file (cannot be read): bomb.png",)


def test_an_encrypted_entry_is_skipped(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"good.png": encoded(plain()), "locked.png": encoded(plain(BLUE))})
    content = bytearray(archive.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.rindex(signature)  # the second entry's
        content[start + flags] |= 1
    archive.write_bytes(bytes(content))
    assert load(archive).notes == ("Skipped 1 file (protected by a password): locked.png",)


# ---- hostile bytes --------------------------------------------------------------------------------------------------

_noise = Image.effect_noise((12, 12), 90)
_SEEDS = [encoded(_noise, kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP")]
_SEEDS.append(encoded(_noise.convert("RGB"), "JPEG", progressive=True, exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01"))


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """A file with bytes changed or inserted, and its end cut off."""
    changes = st.lists(st.tuples(st.integers(0, len(whole) - 1), st.binary(min_size=1, max_size=4)), max_size=6)

    def apply(edits: list[tuple[int, bytes]], insert: bool, end: int) -> bytes:
        result = whole
        for at, new in edits:
            result = result[:at] + new + result[at + (0 if insert else len(new)) :]
        return result[: len(result) - end]

    return st.builds(apply, changes, st.booleans(), st.integers(0, 40))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.one_of(st.binary(max_size=200), *map(damaged, _SEEDS)), st.sampled_from([1, 3]))
@pytest.mark.filterwarnings("ignore")
def test_any_bytes_are_a_picture_or_are_skipped(content: bytes, channels: int) -> None:
    try:
        picture = decoding.read(io.BytesIO(content), (channels, 16, 16))
    except decoding.UnusableImageError:
        return
    assert picture.shape == (channels, 16, 16)
    assert picture.dtype == np.uint8


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.data())
@pytest.mark.filterwarnings("ignore")
def test_any_zip_is_loaded_or_refused(content: st.DataObject, tmp_path: Path, whole_zip: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content.draw(damaged(whole_zip)))
    data.forget()
    try:
        dataset = load(path)
    except DataError:
        return
    assert 1 <= len(dataset) <= 2


@pytest.fixture
def whole_zip(tmp_path: Path) -> bytes:
    entries = {"a/1.png": encoded(plain()), "b/2.jpg": encoded(plain(), "JPEG"), "c.txt": b"hello"}
    return zipped(tmp_path / "whole.zip", entries).read_bytes()

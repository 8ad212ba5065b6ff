"""Odd files: each is used or left out for its reason, and one bad file changes nothing else."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from gan_core import data
from gan_core.data import DataError, decoding
from gan_core.data.survey import survey
from tests.data.test_zip import damaged
from tests.support import odd_files
from tests.support.odd_files import USED, picture
from tests.support.pictures import close_to, encoded, load, only, zipped

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes and no such names"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("files")
    return folder / "odd", odd_files.make(folder)


def test_every_odd_file_is_used_or_named_with_its_reason(odd: tuple[Path, dict[str, str]]) -> None:
    folder, fate = odd
    assert len(fate) > 60
    dataset, found = load(folder), survey(str(folder))
    assert len(dataset) == sum(reason == USED for reason in fate.values())
    skipped = {name: reason for reason, names in found.skipped.items() for name in names}
    told = "\n".join(dataset.notes)
    for name, reason in fate.items():
        if reason not in (USED, odd_files.BROKEN):
            assert skipped.pop(name) == reason
        if reason not in (USED, odd_files.HIDDEN):
            assert f"({reason})" in told
    assert set(skipped) <= {name for name, reason in fate.items() if reason == odd_files.BROKEN}


def test_one_bad_file_changes_no_other_picture(odd: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    folder, fate = odd
    for name, reason in fate.items():
        if reason == USED:
            (tmp_path / name).write_bytes((folder / name).read_bytes())
    before = load(tmp_path).examples
    (tmp_path / "turn3.jpg").write_bytes(b"rubbish")
    after = load(tmp_path)
    assert len(after) == len(before) - 1
    gone = [i for i, kept in enumerate(after.examples) if not torch.equal(kept, before[i])][:1] or [len(after)]
    assert torch.equal(after.examples, torch.cat((before[: gone[0]], before[gone[0] + 1 :])))


def test_all_turns_give_the_same_picture(tmp_path: Path) -> None:
    turned = {6: 90, 3: 180, 8: 270}
    upright = picture(1, (40, 40))
    for turn, angle in turned.items():
        exif = upright.getexif()
        exif[0x0112] = turn
        upright.rotate(angle).save(tmp_path / "a.jpg", exif=exif, quality=98)
        assert np.abs(only(load(tmp_path)).numpy() - decoded(encoded(upright))).mean() < 6, turn


def decoded(content: bytes) -> np.ndarray:
    return decoding.read(io.BytesIO(content), (3, 16, 16)).astype(int)


@pytest.mark.parametrize("name", ["lab.tif", "cmyk.jpg", "big profile.png", "no-end.jpg", "format.heic"])
def test_unusual_files_have_the_right_colours(name: str, odd: tuple[Path, dict[str, str]]) -> None:
    seed, size = {
        "lab.tif": (1, (48, 40)), "cmyk.jpg": (50, (48, 40)), "big profile.png": (48, (48, 40)),
        "no-end.jpg": (40, (640, 480)), "format.heic": (21, (48, 40)),
    }[name]  # fmt: skip
    assert np.abs(decoded((odd[0] / name).read_bytes()) - decoded(encoded(picture(seed, size)))).mean() < 5


def test_a_profile_of_other_colours_is_converted(tmp_path: Path) -> None:
    """In a profile with red and green exchanged, a file that says red looks green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    changed = bytes(profile).replace("sRGB".encode("utf-16-be"), "sABC".encode("utf-16-be")).replace(b"sRGB", b"sABC")
    Image.new("RGB", (20, 20), (255, 0, 0)).save(tmp_path / "a.png", icc_profile=changed)
    assert close_to(only(load(tmp_path)), (0, 255, 0), by=20)


# ---- folders without permission --------------------------------------------------------------------------------------


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """A folder of one picture with a subfolder that the current user may not read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        encoded_picture = encoded(picture(1))
        (folder / "closed").mkdir()
        (folder / "open.png").write_bytes(encoded_picture)
        (folder / "closed" / "a.png").write_bytes(encoded(picture(2)))
        (folder / "locked.png").write_bytes(encoded(picture(3)))
        folder.chmod(0o755)
        (folder / "closed").chmod(0)
        (folder / "locked.png").chmod(0)
        root = os.geteuid() == 0
        if root:  # root may read everything
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            (folder / "closed").chmod(0o755)


def test_what_may_not_be_read_is_named(forbidden: Path) -> None:
    assert sorted(load(forbidden).notes) == [
        "Skipped 1 file (a folder: no permission to read it): closed",
        "Skipped 1 file (no permission to read it): locked.png",
    ]
    with pytest.raises(DataError, match="cannot be read: no permission to read it"):
        load(forbidden / "closed")


# ---- hostile bytes ---------------------------------------------------------------------------------------------------

_SEEDS = [encoded(picture(1, (12, 12)), kind) for kind in ("TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "QOI", "ICO")]
_SEEDS += [encoded(picture(1, (12, 12), "I;16")), encoded(picture(1, (12, 12)), "JPEG", progressive=True)]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.one_of(*map(damaged, _SEEDS)))
def test_any_damage_gives_a_picture_or_a_reason(content: bytes) -> None:
    try:
        assert decoded(content).shape == (3, 16, 16)
    except decoding.UnusableImageError:
        return


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.one_of(*map(damaged, _SEEDS)))
def test_a_damaged_picture_in_a_zip_spoils_nothing(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = zipped(Path(folder) / "a.zip", {"good.png": encoded(picture(1)), "bad": content})
        data.forget()
        assert 1 <= len(load(archive)) <= 2

"""Uploaded pictures: received under safe names, listed when complete, deleted into the trash."""

from __future__ import annotations

import errno
import os
from collections import namedtuple
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_core import data, latent
from gan_core.runs import RunStore, disk
from gan_core.runs.uploads import Upload, UploadError, UploadStore, safe_name
from gan_core.session import Session
from tests.support.pictures import BLUE, RED, encoded, plain, zipped
from tests.support.small import DIGITS
from tests.support.waiting import until

DRAFT, OTHER = "0123456789abcdef", "fedcba9876543210"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def uploads(store: RunStore) -> UploadStore:
    return UploadStore(store)


def receive(uploads: UploadStore, files: dict[str, bytes], draft: str = DRAFT) -> None:
    for name, content in files.items():
        with uploads.receive(draft, name, sum(map(len, files.values()))) as file:
            file.write(content)


def upload(uploads: UploadStore, files: dict[str, bytes], name: str = "holiday") -> Upload:
    receive(uploads, files)
    return uploads.finish(DRAFT, name)


def names(upload: Upload) -> set[str]:
    return {path.relative_to(upload.path).as_posix() for path in upload.path.rglob("*") if path.is_file()}


def test_class_folders_survive(uploads: UploadStore) -> None:
    red, blue = encoded(plain(RED)), encoded(plain(BLUE))
    kept = upload(uploads, {"cat/1.png": red, "cat/2.png": red, "dog/1.png": blue})
    assert names(kept) == {"cat/1.png", "cat/2.png", "dog/1.png"}
    assert (kept.name, kept.files) == ("holiday", 3)
    assert uploads.list() == [kept]
    config = DIGITS.with_values({"data.name": "folder", "data.path": str(kept.path), "data.size": 16})
    assert data.load(config).classes == ("cat", "dog")


def test_a_zip_stays_a_zip(uploads: UploadStore, tmp_path: Path) -> None:
    packed = zipped(tmp_path / "a.zip", {"cat/1.png": encoded(plain()), "dog/1.png": encoded(plain(BLUE))})
    kept = upload(uploads, {"Pets 2026.zip": packed.read_bytes()}, "Pets 2026")
    assert kept.path.name == "Pets 2026.zip"
    assert kept.files == 2


HOSTILE = (
    "../../escaped.png", "/etc/escaped.png", "C:\\escaped.png", "..\\..\\escaped.png", "a/../../../b.png", "..", "/",
    "", "con.png", "NUL", ".hidden", "a\0b.png", "x" * 400 + ".png", "😀" * 200, "a" * 300 + "/" + "b" * 300, "a/" * 99,
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leaves_the_folder_or_is_lost(uploads: UploadStore, name: str) -> None:
    kept = upload(uploads, {name: b"content"})
    files = [path for path in uploads.root.parent.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert files[0].is_relative_to(kept.path)
    assert files[0].read_bytes() == b"content"
    assert not any(part.startswith(".") for part in files[0].relative_to(uploads.root).parts)


@given(st.text(max_size=120))
def test_any_name_becomes_one_that_every_system_allows(name: str) -> None:
    safe = safe_name(name)
    assert safe.isprintable()
    assert 0 < len(os.fsencode(safe)) <= 255
    assert not set('/\\:*?"<>|') & set(safe)
    assert safe[0] not in ". "
    assert safe[-1] not in ". "
    assert safe_name(safe) == safe


def test_files_and_uploads_of_one_name_are_both_kept(uploads: UploadStore) -> None:
    receive(uploads, {"IMG_1.jpg": b"first"})
    receive(uploads, {"IMG_1.jpg": b"second"})
    kept = uploads.finish(DRAFT, "phone")
    assert names(kept) == {"IMG_1.jpg", "IMG_1-2.jpg"}
    assert upload(uploads, {"IMG_1.jpg": b"third"}, "phone").name == "phone-2"


@pytest.mark.parametrize("name", ["../outside", ".hidden", "", "aux"])
def test_an_upload_gets_a_safe_name(uploads: UploadStore, name: str) -> None:
    kept = upload(uploads, {"1.png": b"content"}, name)
    assert kept.path.parent == uploads.root
    assert uploads.list() == [kept]


def test_an_unfinished_upload_is_not_listed_and_later_deleted(uploads: UploadStore) -> None:
    receive(uploads, {"1.png": b"content"})
    assert uploads.list() == []
    (draft,) = uploads.root.iterdir()
    receive(uploads, {"1.png": b"content"}, OTHER)
    assert draft.exists()  # it may still arrive
    os.utime(draft, (0, 0))
    receive(uploads, {"1.png": b"content"}, "a" * 16)
    assert not draft.exists()
    uploads.discard(OTHER)
    assert len(list(uploads.root.iterdir())) == 1


def test_an_interrupted_file_is_deleted_and_the_others_are_kept(uploads: UploadStore) -> None:
    receive(uploads, {"whole.png": b"content"})
    with suppress(EOFError), uploads.receive(DRAFT, "half.png", 100) as file:
        file.write(b"cont")
        raise EOFError
    assert names(uploads.finish(DRAFT, "holiday")) == {"whole.png"}


def test_an_upload_without_a_file_is_refused(uploads: UploadStore) -> None:
    with pytest.raises(UploadError, match="No file has arrived"):
        uploads.finish(DRAFT, "nothing")
    for number in ("", "../..", "0123"):
        with pytest.raises(UploadError, match="no proper number"), uploads.receive(number, "1.png", 1):
            pass


def test_a_full_disk_refuses_before_anything_is_written(uploads: UploadStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(10**9, 0, disk.RESERVE + 1_000_000))
    refusal = r"take 2 MB, and the disk has room for 1 MB\. Make room"
    with pytest.raises(UploadError, match=refusal), uploads.receive(DRAFT, "1.png", 2_000_000):
        pass
    assert not list(uploads.root.iterdir())


def test_a_disk_that_fills_up_loses_only_the_file_in_hand(uploads: UploadStore) -> None:
    receive(uploads, {"1.png": b"content"})
    with pytest.raises(UploadError, match="Make room"), uploads.receive(DRAFT, "2.png", 100):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert uploads.finish(DRAFT, "holiday").files == 1


def test_a_full_library_refuses_an_upload(uploads: UploadStore, store: RunStore) -> None:
    store.limit = 1000
    with pytest.raises(UploadError, match="raise the limit"), uploads.receive(DRAFT, "1.png", 2000):
        pass


def test_deleted_pictures_come_back_until_the_trash_is_emptied(uploads: UploadStore, store: RunStore) -> None:
    kept = upload(uploads, {"1.png": b"content", "config.json": b"{}"})
    trashed = uploads.trash(kept.name)
    assert uploads.list() == []
    assert store.scan(".trash") == ([], {})  # pictures are no run
    assert [deleted.name for deleted in uploads.trashed()] == [trashed]
    assert uploads.restore(trashed) == kept
    first = uploads.trash(kept.name)
    assert uploads.trash(upload(uploads, {"1.png": b"other"}).name) != first
    store.empty_trash()
    for call in (uploads.restore, uploads.trash):
        with pytest.raises(UploadError, match=r"emptied|deleted"):
            call(kept.name)


@pytest.mark.parametrize("name", ["..", ".", "", "../runs", ".0123456789abcdef"])
def test_only_uploads_can_be_deleted_or_restored(uploads: UploadStore, name: str) -> None:
    upload(uploads, {"1.png": b"content"})
    receive(uploads, {"2.png": b"content"})
    for call in (uploads.trash, uploads.restore):
        with pytest.raises(UploadError):
            call(name)


def test_pictures_of_a_training_run_are_not_deleted(uploads: UploadStore, store: RunStore) -> None:
    files = {f"{i}.png": encoded(plain((9 * i, 0, 99))) for i in range(20)}
    kept = upload(uploads, files)
    values = {"data.name": "folder", "data.path": str(kept.path), "data.size": 16, "max_steps": 100_000}
    session = Session(DIGITS.with_values(values), store, threads=1)
    session.start()
    until(lambda: session.snapshot().step)
    with pytest.raises(UploadError, match="Stop it first"):
        uploads.trash(kept.name)
    session.stop()
    assert session.wait(60)
    assert [run.id for run in uploads.runs_of(kept)] == [session.snapshot().run_id]
    uploads.trash(kept.name)
    run = store.open(session.snapshot().run_id)
    model = run.model()
    assert len(model.decode(latent.draw(model, 4, seed=0))) == 4
    with pytest.raises(data.DataError, match="There is no folder"):
        run.trainer("cpu")

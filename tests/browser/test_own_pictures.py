"""People's own pictures in a browser: from a drop to the first samples, by class, and their deletion."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from gan_core.runs import RunStore
from gan_core.runs.uploads import UploadStore
from tests.browser.test_train import button, step_of
from tests.conftest import Server
from tests.support.dropping import as_heic, drop, photographs
from tests.support.waiting import until

pytestmark = pytest.mark.browser

PATIENCE = 120_000  # milliseconds, on a busy machine
QUICK = 60  # seconds from the drop to the first samples, on two free cores
COUNT_CLICKS = "clicks = 0; addEventListener('click', (event) => { clicks += event.isTrusted; }, true)"


@pytest.fixture
def uploads(library: Path) -> UploadStore:
    return UploadStore(RunStore(library))


@pytest.fixture
def own(app: Server, page: Page) -> Iterator[Page]:
    """The page after a click on "Use your own pictures" on Home. A run is stopped at the end."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.add_init_script(COUNT_CLICKS)
    page.goto(app.url, timeout=PATIENCE)
    button(page, "Use your own pictures").click(timeout=PATIENCE)
    expect(zone(page)).to_be_visible(timeout=PATIENCE)
    yield page
    if button(page, "Stop").count():
        button(page, "Stop").click()
    assert not faults
    assert page.get_by_test_id("stException").count() == 0


def zone(page: Page) -> Locator:
    return page.get_by_text("Drop your pictures here")


def shown(page: Page, text: str) -> None:
    expect(page.get_by_text(re.compile(text)).first).to_be_visible(timeout=PATIENCE)


def clicks(page: Page) -> int:
    number: int = page.evaluate("clicks")
    return number


def test_300_phone_photographs_become_first_samples_within_a_minute_and_four_clicks(own: Page, tmp_path: Path) -> None:
    photos = photographs(tmp_path / "phone", 300)
    as_heic(photos[6])
    shutil.copy(photos[7], photos[8])
    photos[9].write_bytes(photos[9].read_bytes()[:900])
    quiet = os.getloadavg()[0] < 1
    began = time.monotonic()
    drop(own, [*sorted((tmp_path / "phone").iterdir())])
    shown(own, "299 pictures")  # by their headers; the broken one is found when all are read
    expect(button(own, "Start")).to_be_enabled(timeout=PATIENCE)
    button(own, "Start").click()
    expect(own.get_by_role("img", name=re.compile("generated samples"))).to_be_visible(timeout=PATIENCE)
    until(lambda: step_of(own) >= 1)
    seconds = time.monotonic() - began
    assert clicks(own) <= 4
    shown(own, f"broken.*{photos[9].name}")
    assert seconds < (QUICK if quiet else 10 * QUICK), f"{seconds:.0f} s"


def test_what_is_left_out_is_listed_with_its_reason(own: Page, tmp_path: Path) -> None:
    photos = photographs(tmp_path, 12)
    shutil.copy(photos[2], photos[3])
    photos[4].write_bytes(photos[4].read_bytes()[:300])
    as_heic(photos[5])
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    drop(own, sorted(tmp_path.iterdir()))
    shown(own, "10 pictures")
    own.get_by_text("3 files left out").click()
    for name in ("IMG_0003.jpg", "IMG_0004.jpg", "clip.mp4"):
        shown(own, name)
    shown(own, "a video")


def test_a_folder_is_dropped_with_its_classes(own: Page, tmp_path: Path) -> None:
    photographs(tmp_path / "pets" / "cat", 9)
    photographs(tmp_path / "pets" / "dog", 12)
    (tmp_path / "pets" / ".DS_Store").write_bytes(b"hidden")
    drop(own, [tmp_path / "pets"])
    shown(own, "in 2 classes")
    shown(own, "cat 9, dog 12")


def test_a_zip_with_class_folders_is_trained_by_class(own: Page, tmp_path: Path, uploads: UploadStore) -> None:
    photographs(tmp_path / "pets" / "cat", 20)
    photographs(tmp_path / "pets" / "dog", 20)
    packed = shutil.make_archive(str(tmp_path / "Pets 2026"), "zip", tmp_path / "pets")
    drop(own, [Path(packed)])
    shown(own, "in 2 classes")
    own.get_by_text("Train by class").click()
    expect(own.get_by_role("switch", name="Train by class")).to_be_checked(timeout=PATIENCE)
    button(own, "Start").click()
    shown(own, "a column a class, from left: cat, dog")
    assert "Pets 2026" in [kept.name for kept in uploads.list()]


def test_files_are_chosen_without_dragging(own: Page, tmp_path: Path) -> None:
    photos = photographs(tmp_path, 12)
    with own.expect_file_chooser() as chooser:
        own.get_by_role("button", name="Choose files").press("Enter")
    chooser.value.set_files(photos)
    shown(own, "12 pictures")


def test_one_refused_file_loses_no_other(own: Page, tmp_path: Path) -> None:
    def refuse(route: Route) -> None:
        if "IMG_0003" in route.request.url:
            route.fulfill(status=413, body="larger than 500 MB")
        else:
            route.continue_()

    own.route("**/pictures?*", refuse)
    drop(own, photographs(tmp_path, 12))
    shown(own, "11 pictures")
    own.get_by_text("1 file left out").click()
    shown(own, "larger than 500 MB")


def test_a_full_disk_is_told_in_one_sentence_and_keeps_nothing(own: Page, tmp_path: Path, uploads: UploadStore) -> None:
    before = uploads.list()
    own.route("**/pictures?*", lambda route: route.fulfill(status=507, body="The disk is full. Make room"))
    drop(own, photographs(tmp_path, 3))
    shown(own, r"The disk is full\. Make room\. Nothing was kept\.")
    expect(zone(own)).to_be_visible()
    assert uploads.list() == before


def test_a_cancelled_upload_leaves_nothing_behind(own: Page, tmp_path: Path, uploads: UploadStore) -> None:
    before = uploads.list()
    own.route("**/pictures?*", lambda route: None)  # never answered
    drop(own, photographs(tmp_path, 3))
    shown(own, "Copying 1 of 3")
    own.get_by_role("button", name="Cancel").click()
    expect(zone(own)).to_be_visible(timeout=PATIENCE)
    until(lambda: not list(uploads.root.glob(".*")))
    assert uploads.list() == before


def test_pictures_are_deleted_after_a_confirmation_and_come_back(
    own: Page, tmp_path: Path, uploads: UploadStore
) -> None:
    photographs(tmp_path / "to delete", 12)
    drop(own, [tmp_path / "to delete"])
    shown(own, "12 pictures")
    button(own, "Other pictures").click()
    row = own.locator("[class*='upload-']", has_text="to delete").last
    row.get_by_test_id("stPopoverButton").click()
    own.get_by_role("button", name="Delete to delete").click(timeout=PATIENCE)
    shown(own, "Deleted: to delete")
    until(lambda: "to delete" not in [kept.name for kept in uploads.list()])
    button(own, "Undo").or_(own.get_by_role("button", name=re.compile("^Undo"))).first.click()
    until(lambda: "to delete" in [kept.name for kept in uploads.list()])
    own.get_by_role("button", name=re.compile("^to delete")).click(timeout=PATIENCE)
    shown(own, "12 pictures")


def test_an_upload_from_another_page_is_refused(app: Server, uploads: UploadStore) -> None:
    before = list(uploads.root.glob("*"))
    query = urlencode({"draft": "a" * 16, "name": "1.png", "total": "5"})
    for headers in ({}, {"X-Upload-Token": "wrong"}, {"X-Upload-Token": "\xe9"}):
        connection = http.client.HTTPConnection("127.0.0.1", int(app.url.rsplit(":", 1)[1]), timeout=10)
        connection.request("PUT", f"/pictures?{query}", b"hello", headers)
        assert connection.getresponse().status == 403
        connection.close()
    assert list(uploads.root.glob("*")) == before

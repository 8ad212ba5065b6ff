"""The experiment on the Train page in a browser: sharing, data and settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from gan_core import export, presets
from gan_core.config import TrainConfig
from gan_core.runs import RunStore
from tests.browser import test_train as on_train
from tests.browser.test_train import DIGITS, LONG, PATIENCE, RING, button, rate_of_g, start

pytestmark = pytest.mark.browser
train = on_train.train  # its fixture


def test_the_script_of_the_experiment_is_taken_along(train: Callable[..., Page]) -> None:
    page = train(RING)
    button(page, "Take along").click()
    with page.expect_download() as download:
        button(page, "Script").click(timeout=PATIENCE)
    assert download.value.suggested_filename == "ring8.py"
    assert download.value.path().read_text(encoding="utf-8") == export.script(RING)


def test_a_shared_link_opens_the_same_experiment_in_a_fresh_browser(
    train: Callable[[TrainConfig], Page], browser: Browser
) -> None:
    page = train(DIGITS.with_values({"optimizer_g.lr": 0.00042, "seed": 11}))
    button(page, "Take along").click()
    page.get_by_role("tab", name="Links").click(timeout=PATIENCE)
    link = page.get_by_test_id("stCode").first.inner_text(timeout=PATIENCE).strip()
    fresh = browser.new_page()
    fresh.goto(link)
    expect(rate_of_g(fresh)).to_have_value("0.00042", timeout=PATIENCE)
    expect(button(fresh, "Start")).to_be_visible()
    fresh.close()


def test_a_drawn_distribution_becomes_the_data(train: Callable[[TrainConfig], Page], library: Path) -> None:
    page = train(presets.load("drawn").with_values(LONG | {"data.points": ()}))
    pad = page.locator(".pad canvas")
    box = pad.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    for i in range(1, 8):
        page.mouse.move(middle[0] + 12 * i, middle[1] + 6 * i)
    page.mouse.up()
    page.wait_for_url(re.compile("data.points"), timeout=PATIENCE)
    start(page)
    newest = max(library.iterdir(), key=lambda path: path.stat().st_mtime)
    assert len(RunStore(library).open(newest.name).config.data.points) >= 3


def test_a_failed_download_is_explained_on_the_page(train: Callable[[TrainConfig], Page]) -> None:
    page = train(presets.fit_to(DIGITS, "kmnist"))
    button(page, "Start").click()
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("mnist-5k", timeout=PATIENCE)
    expect(button(page, "Start")).to_be_visible()


def test_a_folder_with_bad_files_trains_and_the_page_names_them(
    train: Callable[[TrainConfig], Page], tmp_path: Path
) -> None:
    for i in range(12):
        Image.new("RGB", (40, 30), (20 * i, 90, 200)).save(tmp_path / f"{i}.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "broken.jpg").write_bytes((tmp_path / "0.png").read_bytes()[:60])
    Image.new("RGB", (1, 1)).save(tmp_path / "tiny.png")
    Image.new("L", (8000, 8000)).save(tmp_path / "huge.png")
    config = presets.fit_to(DIGITS, "folder").with_values({"data.path": str(tmp_path), "data.size": 16, "batch_size": 4,
                                                           "generator.depth": 2, "discriminator.depth": 2})  # fmt: skip
    page = train(config)
    start(page)
    expect(page.get_by_text("text.png").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("tiny.png").first).to_be_visible()


def test_a_bad_number_is_explained_and_a_cleared_one_shows_its_value_again(
    train: Callable[[TrainConfig], Page],
) -> None:
    page = train(DIGITS)
    batch = page.get_by_role("spinbutton", name="Batch size").first
    was = batch.input_value()
    batch.fill("")
    batch.press("Tab")
    expect(batch).to_have_value(was, timeout=PATIENCE)
    expect(page.get_by_test_id("stAlert").get_by_text("batch_size: ")).to_have_count(0)
    batch.fill("99999")
    batch.press("Tab")
    expect(page.get_by_test_id("stAlert").get_by_text("batch_size: ")).to_be_visible(timeout=PATIENCE)
    expect(batch).to_have_value(was, timeout=PATIENCE)


def test_resume_explains_which_setting_cannot_change_within_a_run(train: Callable[[TrainConfig], Page]) -> None:
    page = train(RING)
    start(page, 20)
    button(page, "Stop").click()
    expect(button(page, "Start")).to_be_visible(timeout=PATIENCE)
    batch = page.get_by_role("spinbutton", name="Batch size").first
    batch.fill("32")
    batch.press("Tab")
    expect(page).to_have_url(re.compile("batch_size=32"), timeout=PATIENCE)
    button(page, "Resume").click()
    expect(page.get_by_test_id("stAlert").get_by_text("Batch size (256 in this run)")).to_be_visible(timeout=PATIENCE)
    expect(batch).to_have_value("32")
    batch.fill("256")
    batch.press("Tab")
    expect(page.get_by_test_id("stAlert")).to_have_count(0, timeout=PATIENCE)
    button(page, "Resume").click()
    expect(button(page, "Pause")).to_be_visible(timeout=PATIENCE)

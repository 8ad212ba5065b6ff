"""Take along in a browser: each file arrives whole, errors are one sentence, and links open their run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.runs import Run, RunStore, unpack
from tests.browser import test_train as on_train
from tests.browser.test_train import PATIENCE, RING, button, pause, start, step_of
from tests.conftest import Server
from tests.support.clipboard import copied_link
from tests.support.saved_run import saved_run
from tests.support.small import POINTS
from tests.support.waiting import until

pytestmark = pytest.mark.browser
train = on_train.train  # its fixture


@pytest.fixture
def run(library: Path) -> Run:
    run, _ = saved_run(RunStore(library), POINTS, "Ring", save_at=(1, 2))
    run.log("stopped", 2)
    return run


def open_choice(page: Page, tab: str = "Files") -> None:
    button(page, "Take along").click(timeout=PATIENCE)
    page.get_by_role("tab", name=tab).click(timeout=PATIENCE)


def open_run(app: Server, page: Page, run: Run, tab: str = "Files") -> None:
    page.goto(f"{app.url}/runs?run={run.id}")
    open_choice(page, tab)


def download(page: Page, title: str, folder: Path) -> Path:
    """The file of this button."""
    with page.expect_download(timeout=3 * PATIENCE) as waiting:
        button(page, title).click(timeout=PATIENCE)
    file = folder / waiting.value.suggested_filename
    waiting.value.save_as(file)
    expect(page.get_by_text(f"Making: {title}")).to_have_count(0, timeout=PATIENCE)
    return file


def test_each_file_of_a_run_is_whole(app: Server, page: Page, run: Run, tmp_path: Path) -> None:
    open_run(app, page, run)
    titles = ("Picture", "GIF", "MP4", "Metrics", "Notebook", "ONNX", "Script", "Settings", "Whole run")
    png, gif, mp4, csv, notebook, network, script, config, packed = (download(page, each, tmp_path) for each in titles)
    assert np.asarray(Image.open(png)).std() > 1
    assert Image.open(gif).n_frames == len(run.frames())
    assert mp4.read_bytes()[4:8] == b"ftyp"
    assert list(np.genfromtxt(csv, delimiter=",", names=True)["step"]) == [1, 2]
    assert any("WEIGHTS = " in cell["source"] for cell in json.loads(notebook.read_bytes())["cells"])
    onnx.checker.check_model(onnx.load(network))
    compile(script.read_text(encoding="utf-8"), script.name, "exec")
    assert TrainConfig.from_json(config.read_text(encoding="utf-8")) == run.config
    with packed.open("rb") as file:
        assert unpack(file, RunStore(tmp_path / "other")).checkpoints() == run.checkpoints()
    assert page.get_by_test_id("stAlert").count() == 0
    assert page.get_by_test_id("stException").count() == 0


def test_a_file_that_cannot_be_made_is_explained_in_a_sentence(app: Server, page: Page, run: Run) -> None:
    open_run(app, page, run)
    expect(button(page, "Picture")).to_be_visible(timeout=PATIENCE)
    for picture in run.frames_folder.iterdir():
        picture.write_bytes(b"damaged")
    button(page, "GIF").click()
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text(
        "no readable picture of step 2", timeout=PATIENCE
    )
    expect(page.get_by_text("Failed to generate")).not_to_be_visible()
    assert page.get_by_test_id("stException").count() == 0


def test_a_paused_run_is_taken_along_from_train_and_its_link_opens_it(
    train: Callable[[TrainConfig], Page], browser: Browser, library: Path, tmp_path: Path
) -> None:
    page = train(RING)
    start(page, 30)
    pause(page)
    open_choice(page)
    assert np.asarray(Image.open(download(page, "Picture", tmp_path))).std() > 1
    page.get_by_role("tab", name="Links").click()
    link = page.get_by_test_id("stCode").first.inner_text(timeout=PATIENCE).strip()
    expect(page.get_by_text("on this machine only")).to_be_visible()
    page.keyboard.press("Escape")
    assert copied_link(page) == link
    fresh = browser.new_page()
    fresh.goto(link)
    expect(button(fresh, "Resume")).to_be_visible(timeout=PATIENCE)
    until(lambda: step_of(fresh) == step_of(page), 60)
    button(page, "Stop").click()
    expect(button(page, "Start")).to_be_visible(timeout=PATIENCE)
    fresh.goto(link)  # the run has ended, and the server still holds its session
    expect(button(fresh, "Start")).to_be_visible(timeout=PATIENCE)
    expect(fresh.get_by_test_id("stProgress").first).to_contain_text("Stopped", timeout=PATIENCE)
    fresh.close()


def test_a_link_to_train_opens_a_run_that_has_ended_on_the_runs_page(app: Server, page: Page, run: Run) -> None:
    page.goto(f"{app.url}/train?preset=ring8&session=123456&run={run.id}&step=2")
    page.wait_for_url(re.compile(f"/runs\\?run={run.id}&step=2"), timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Ring")).to_be_visible(timeout=PATIENCE)


def test_links_copied_from_runs_and_latent_open_the_same_step_and_panel(app: Server, page: Page, library: Path) -> None:
    run, _ = saved_run(RunStore(library), POINTS.with_values({"record.frame_every": 1}), "Steps", save_at=(1, 2))
    page.goto(f"{app.url}/runs?run={run.id}&step=1")
    link = copied_link(page)
    page.goto(f"{app.url}/latent?run={run.id}&seed=7&panel=interpolate&step=1")
    place = copied_link(page)
    page.goto(link)
    expect(page.get_by_text("Generated at step 2")).to_be_visible(timeout=PATIENCE)
    page.goto(place)
    expect(page.get_by_role("radio", name="Interpolate")).to_be_checked(timeout=PATIENCE)
    assert {"seed=7", "panel=interpolate", "step=1"} <= {*page.url.partition("?")[2].split("&")}


def test_settings_are_taken_along_before_the_first_start(train: Callable[[TrainConfig], Page], tmp_path: Path) -> None:
    config = presets.load("ring8").with_values({"seed": 4})
    page = train(config)
    open_choice(page)
    assert TrainConfig.from_json(download(page, "Settings", tmp_path).read_text(encoding="utf-8")) == config
    expect(button(page, "Whole run")).to_have_count(0)

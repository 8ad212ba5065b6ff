"""What a person does on the Latent page, done in a real browser: one server and one page for all of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.runs import RunStore
from gan_core.training.trainer import Trainer
from tests.conftest import Server
from tests.support.small import DIGITS, POINTS

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # milliseconds; the first page waits for torch to load on a busy machine
FEW = {"data.count": 400, "generator.width": 8, "discriminator.width": 8, "ema_decay": 0.9}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return RunStore(tmp_path_factory.mktemp("library"))


def trained(library: RunStore, config: TrainConfig, name: str) -> str:
    """A run of a few steps with three checkpoints; its id."""
    run, trainer = library.create(config, name), Trainer(config, "cpu")
    for _ in range(3):
        trainer.step()
        run.save(trainer, keep=3)
    return run.id


@pytest.fixture(scope="module")
def runs(library: RunStore) -> dict[str, str]:
    return {
        "digits": trained(library, DIGITS.with_values(FEW), "Small digits"),
        "sister": trained(library, DIGITS.with_values(FEW | {"seed": 1}), "Sister"),
        "classes": trained(library, DIGITS.with_values(FEW | {"condition.name": "projection"}), "Classes"),
        "points": trained(library, POINTS, "Small ring"),
        "style": trained(library, presets.load("style-mnist").with_values({"data.count": 200}), "Style"),
    }


@pytest.fixture(scope="module")
def app(serve: Callable[..., Server], library: RunStore, runs: dict[str, str]) -> Server:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_PLAYGROUND_RUNS", str(library.root))
        return serve("app.py")


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    yield page
    page.close()


@pytest.fixture
def latent(app: Server, shared: Page, runs: dict[str, str]) -> Iterator[Callable[..., Page]]:
    """Opens the page at a run and a panel; nothing may have gone wrong on it in the end."""
    faults: list[str] = []
    shared.on("pageerror", lambda error: faults.append(str(error)))

    def open_at(run: str, **query: str) -> Page:
        shared.goto(f"{app.url}/latent?{urlencode({'run': runs[run], 'seed': '5'} | query)}")
        expect(shared.locator("canvas").first).to_be_visible(timeout=PATIENCE)
        settled(shared)
        return shared

    yield open_at
    assert not faults
    assert shared.get_by_test_id("stException").count() == 0


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)


def until(true: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def canvas(page: Page, label: str) -> Locator:
    return page.get_by_role("img", name=re.compile(label))


def pixels(page: Page, label: str = "current picture") -> str:
    drawn: str = canvas(page, label).first.evaluate("canvas => canvas.toDataURL()")
    return drawn


def slider(page: Page, name: str = "PC 1") -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def changed(page: Page, before: str) -> None:
    until(lambda: pixels(page) != before)


def click_cell(page: Page, label: str, index: int, columns: int, rows: int = 1) -> None:
    """Click one picture of a grid."""
    target = canvas(page, label).first
    expect(target).to_be_visible(timeout=PATIENCE)
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    x, y = (index % columns + 0.5) / columns * box["width"], (index // columns + 0.5) / rows * box["height"]
    target.click(position={"x": x, "y": y})


# ---- the stage -------------------------------------------------------------------------------------------------------


def test_a_slider_moves_the_picture_and_a_copied_link_opens_it_again(latent: Callable[..., Page]) -> None:
    page = latent("digits")
    before = pixels(page)
    slider(page).focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    changed(page, before)
    page.wait_for_url(re.compile(r"at=pca\.0%3A0\.4"), timeout=PATIENCE)
    moved, address = pixels(page), page.url
    fresh = page.context.browser.new_page(viewport={"width": 1440, "height": 900})  # type: ignore[union-attr]
    fresh.goto(address)
    until(lambda: canvas(fresh, "current picture").count() and pixels(fresh) == moved, 60)
    expect(slider(fresh)).to_have_value("0.4")
    fresh.close()

    page.get_by_role("button", name="Reset PC 1").click()
    until(lambda: pixels(page) == before)


def test_a_click_on_a_strip_goes_where_it_leads(latent: Callable[..., Page]) -> None:
    page = latent("digits", sliders="sefa")
    before = pixels(page)
    click_cell(page, "Where SeFa 2 leads", 6, 7)
    expect(slider(page, "SeFa 2")).to_have_value("3")
    changed(page, before)


def test_new_undo_and_mirror(latent: Callable[..., Page]) -> None:
    page = latent("digits")
    first = pixels(page)
    page.get_by_role("button", name="Mirror").click()
    changed(page, first)
    page.wait_for_url(re.compile("[?&]z="), timeout=PATIENCE)
    page.get_by_role("button", name="Undo").click()
    until(lambda: pixels(page) == first)
    page.get_by_role("button", name="New", exact=True).click()
    changed(page, first)


def test_a_name_given_to_a_direction_is_kept_with_the_run(
    latent: Callable[..., Page], library: RunStore, runs: dict[str, str]
) -> None:
    page = latent("digits")
    name = page.get_by_role("textbox", name="Name of PC 3")
    name.fill("slant")
    name.press("Enter")
    expect(slider(page, "slant")).to_be_visible(timeout=PATIENCE)
    kept = library.open(runs["digits"]).path / "directions.json"
    until(lambda: kept.exists() and json.loads(kept.read_text())[0]["name"] == "slant")
    page.reload()
    expect(slider(page, "slant")).to_be_visible(timeout=PATIENCE)


def test_raw_numbers_come_in_pages_of_sixteen(latent: Callable[..., Page]) -> None:
    page = latent("style", sliders="raw")
    expect(page.get_by_role("slider", name=re.compile(r"^z \d+$"))).to_have_count(16)
    page.get_by_role("button", name="Next sliders").click()
    expect(slider(page, "z 17")).to_be_visible(timeout=PATIENCE)


def test_a_class_is_chosen(latent: Callable[..., Page]) -> None:
    page = latent("classes")
    before = pixels(page)
    page.get_by_role("radio", name="7").or_(page.get_by_role("button", name="7", exact=True)).first.click()
    changed(page, before)
    page.wait_for_url(re.compile("class=7"), timeout=PATIENCE)


def test_styles_are_truncated_and_mixed(latent: Callable[..., Page]) -> None:
    page = latent("style")
    before = pixels(page)
    psi = page.get_by_role("slider", name="Truncation ψ")
    psi.focus()
    for _ in range(10):
        psi.press("ArrowLeft")
    changed(page, before)
    settled(page)
    truncated = pixels(page)
    partner = page.get_by_role("spinbutton", name="Mix styles of seed")
    partner.fill("3")
    partner.press("Enter")
    changed(page, truncated)
    page.wait_for_url(re.compile("mix=3"), timeout=PATIENCE)


# ---- the panels ------------------------------------------------------------------------------------------------------


def test_a_click_on_the_wall_takes_its_seed(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="wall")
    before = pixels(page)
    click_cell(page, "pictures on the wall", 18, 16, 3)
    changed(page, before)
    page.wait_for_url(re.compile("seed=18"), timeout=PATIENCE)
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("18")
    seeds = pixels(page, "pictures on the wall")
    page.get_by_text("Variations").click()
    until(lambda: pixels(page, "pictures on the wall") != seeds)
    page.get_by_role("combobox", name="Keep").click()
    page.get_by_role("option", name="2", exact=True).click()
    expect(page.get_by_test_id("stMultiSelect")).to_contain_text("2")


def test_a_way_between_points_plays_and_leaves_as_files(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="interpolate")
    page.get_by_role("button", name="Begin with four seeds").click()
    film = canvas(page, "interpolation, 96 frames")
    expect(film).to_be_visible(timeout=PATIENCE)
    seen = film.evaluate("canvas => canvas.toDataURL()")
    until(lambda: film.evaluate("canvas => canvas.toDataURL()") != seen)
    for kind, start in {"PNG": b"\x89PNG", "GIF": b"GIF89a", "MP4": b"\0\0\0 ftyp"}.items():
        with page.expect_download(timeout=PATIENCE) as download:
            page.get_by_role("button", name=kind).click()
        assert Path(download.value.path()).read_bytes().startswith(start)
    before = pixels(page)
    click_cell(page, "pictures along the way", 6, 12)
    changed(page, before)


def test_arithmetic_shows_its_result_and_its_vectors(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="arithmetic")
    page.get_by_role("button", name="Fill with seeds").click()
    expect(canvas(page, r"A − B \+ C: vector of 8 numbers")).to_be_visible(timeout=PATIENCE)
    result = pixels(page, "result of the arithmetic")
    page.get_by_role("button", name="Add").first.click()
    until(lambda: pixels(page, "result of the arithmetic") != result)
    before = pixels(page)
    page.get_by_role("button", name="Take it").click()
    changed(page, before)


def test_a_real_picture_is_searched_for_while_one_watches(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="invert")
    click_cell(page, "real examples to search for", 3, 8, 3)
    expect(page.get_by_test_id("stProgress")).to_contain_text("mean squared difference", timeout=PATIENCE)
    expect(page.get_by_text("Found", exact=False).first).to_be_visible(timeout=PATIENCE)
    before = pixels(page)
    page.get_by_role("button", name="Take it").click()
    changed(page, before)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Close")).to_have_count(0)


def test_a_search_is_stopped_and_a_file_that_is_no_picture_is_told(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="invert")
    click_cell(page, "real examples to search for", 5, 8, 3)
    ends = page.get_by_role("button", name=re.compile("^(Stop|Close)$"))  # a quick machine may have found it by now
    ends.click(timeout=PATIENCE)
    expect(ends).to_have_count(0)
    page.get_by_text("Upload", exact=True).first.click()
    file = {"name": "digit.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("cannot be used", timeout=PATIENCE)
    expect(slider(page)).to_be_enabled()


def test_a_drawn_digit_is_searched_for(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="invert")
    page.get_by_text("Draw", exact=True).click()
    pad = page.locator(".pad canvas")
    expect(pad).to_be_visible(timeout=PATIENCE)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 130, box["y"] + 300, steps=8)
    page.mouse.up()
    page.get_by_role("button", name="Search for it").click(timeout=PATIENCE)
    expect(canvas(page, "sought and found")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name=re.compile("Stop|Close")).click()


def test_the_nearest_real_ones_are_shown_with_a_verdict(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="memorised")
    expect(canvas(page, "nearest real examples")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile("Not a copy|Very near|Close to a copy"))).to_be_visible()
    expect(page.get_by_text(re.compile("From a real example to the nearest other one"))).to_be_visible()


def test_ds_eye_follows_the_slider(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="eye")
    expect(canvas(page, "what D looks at")).to_be_visible(timeout=PATIENCE)
    before = pixels(page, "what D looks at")
    slider(page).focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    until(lambda: pixels(page, "what D looks at") != before)


def test_one_latent_through_all_checkpoints_and_other_runs(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="time")
    expect(canvas(page, "film of learning, 3 frames")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("The same latent at 3 checkpoints")).to_be_visible()
    expect(canvas(page, "from Sister")).to_be_visible()


def test_pointing_at_a_latent_tells_where_g_sends_it(latent: Callable[..., Page]) -> None:
    page = latent("points")
    plane = canvas(page, "Latent plane, 441 latents")
    expect(plane).to_be_visible(timeout=PATIENCE)
    box = plane.bounding_box()
    assert box is not None
    plane.hover(position={"x": box["width"] / 4, "y": box["height"] / 4})
    told = page.locator(".planes p")
    expect(told).to_have_text(re.compile(r"^z \(-\d\.\d\d, \d\.\d\d\) → x \("))
    plane.click(position={"x": box["width"] / 4, "y": box["height"] / 4})
    page.wait_for_url(re.compile("[?&]z="), timeout=PATIENCE)
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()


# ---- while it trains -------------------------------------------------------------------------------------------------


def test_the_picture_of_a_running_session_moves_while_its_latent_stays(
    app: Server, latent: Callable[..., Page], library: RunStore, shared: Page
) -> None:
    page = shared
    config = DIGITS.with_values(FEW | {"max_steps": 1_000_000, "record.save_every": 100_000})
    page.goto(f"{app.url}/train?{urlencode(config.to_query())}")
    page.get_by_role("button", name=re.compile("^Start")).click(timeout=PATIENCE)
    page.get_by_role("link", name="Open in Latent").click(timeout=PATIENCE)
    expect(canvas(page, "current picture")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("combobox", name="Checkpoint")).to_have_value("now, in training", timeout=PATIENCE)
    for _ in range(2):
        before = pixels(page)
        until(lambda seen=before: pixels(page) != seen)
    slider(page).focus()
    page.keyboard.press("End")
    page.wait_for_url(re.compile(r"at=pca\.0%3A3"), timeout=PATIENCE)
    assert "z=" not in page.url
    page.get_by_role("link", name="Train").click()
    page.get_by_role("button", name=re.compile("^Stop")).click(timeout=PATIENCE)
    expect(page.get_by_role("button", name=re.compile("^Start"))).to_be_visible(timeout=PATIENCE)

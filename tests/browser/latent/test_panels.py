"""The panels of the Latent page in Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.latent.conftest import PATIENCE, canvas, changed, click_cell, pixels, slider
from tests.support.waiting import until

pytestmark = pytest.mark.browser


def test_a_click_on_the_seed_grid_takes_its_seed(latent: Callable[..., Page]) -> None:
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


def test_an_interpolation_plays_and_is_downloaded(latent: Callable[..., Page]) -> None:
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


def test_the_inversion_of_a_real_picture_shows_its_progress(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="invert")
    click_cell(page, "real examples to search for", 3, 8, 3)
    expect(page.get_by_test_id("stProgress")).to_contain_text("mean squared difference", timeout=PATIENCE)
    expect(page.get_by_text("Found", exact=False).first).to_be_visible(timeout=PATIENCE)
    before = pixels(page)
    page.get_by_role("button", name="Take it").click()
    changed(page, before)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Close")).to_have_count(0)


def test_a_search_can_be_stopped_and_a_file_that_is_no_picture_is_reported(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="invert")
    click_cell(page, "real examples to search for", 5, 8, 3)
    ends = page.get_by_role("button", name=re.compile("^(Stop|Close)$"))  # a fast machine may be done already
    ends.click(timeout=PATIENCE)
    expect(ends).to_have_count(0)
    page.get_by_text("Upload", exact=True).first.click()
    file = {"name": "digit.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("cannot be used", timeout=PATIENCE)
    expect(slider(page)).to_be_enabled()


def test_a_drawn_digit_is_inverted(latent: Callable[..., Page]) -> None:
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


def test_the_saliency_map_follows_the_slider(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="eye")
    expect(canvas(page, "what D looks at")).to_be_visible(timeout=PATIENCE)
    before = pixels(page, "what D looks at")
    slider(page).focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    until(lambda: pixels(page, "what D looks at") != before)


def test_one_latent_is_shown_at_all_checkpoints_and_in_other_runs(latent: Callable[..., Page]) -> None:
    page = latent("digits", panel="time")
    expect(canvas(page, "film of learning, 3 frames")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("The same latent at 3 checkpoints")).to_be_visible()
    expect(canvas(page, "from Sister")).to_be_visible()

"""The main picture of the Latent page, its sliders and its controls, in Chromium."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from gan_core.runs import RunStore
from tests.browser.latent.conftest import FEW, PATIENCE, canvas, changed, click_cell, pixels, settled, slider
from tests.conftest import Server
from tests.support.small import DIGITS
from tests.support.waiting import until

pytestmark = pytest.mark.browser


def test_a_slider_changes_the_picture_and_a_copied_link_opens_it(latent: Callable[..., Page]) -> None:
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


def test_a_click_on_a_strip_moves_its_slider(latent: Callable[..., Page]) -> None:
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


def test_raw_directions_have_pages_of_sixteen(latent: Callable[..., Page]) -> None:
    page = latent("style", sliders="raw")
    expect(page.get_by_role("slider", name=re.compile(r"^z \d+$"))).to_have_count(16)
    page.get_by_role("button", name="Next sliders").click()
    expect(slider(page, "z 17")).to_be_visible(timeout=PATIENCE)


def test_choosing_a_class_changes_the_picture(latent: Callable[..., Page]) -> None:
    page = latent("classes")
    before = pixels(page)
    page.get_by_role("radio", name="7").or_(page.get_by_role("button", name="7", exact=True)).first.click()
    changed(page, before)
    page.wait_for_url(re.compile("class=7"), timeout=PATIENCE)


def test_truncation_and_style_mixing_change_the_picture(latent: Callable[..., Page]) -> None:
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


def test_pointing_at_a_latent_shows_its_sample(latent: Callable[..., Page]) -> None:
    page = latent("points")
    plane = canvas(page, "Latent plane, 441 latents")
    expect(plane).to_be_visible(timeout=PATIENCE)
    box = plane.bounding_box()
    assert box is not None
    plane.hover(position={"x": box["width"] / 4, "y": box["height"] / 4})
    expect(page.locator(".planes p")).to_have_text(re.compile(r"^z \(-\d\.\d\d, \d\.\d\d\) → x \("))
    plane.click(position={"x": box["width"] / 4, "y": box["height"] / 4})
    page.wait_for_url(re.compile("[?&]z="), timeout=PATIENCE)
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()


def test_the_picture_of_a_running_session_changes_while_its_latent_stays(
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

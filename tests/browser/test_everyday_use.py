"""What all pages share: the history, tooltips, phones, and settings changed soon after Start."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gan_core import presets
from tests.conftest import Server
from tests.support.waiting import until

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # milliseconds
PAGES = ("Train", "Latent", "Compare", "Runs")


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()


def button(page: Page, label: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^{label}")).first


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
    page.wait_for_timeout(500)


def stop(page: Page) -> None:
    button(page, "Stop").click()
    expect(button(page, "Start")).to_be_visible(timeout=PATIENCE)


def test_each_visit_of_a_page_takes_one_press_of_back(app: Server, page: Page) -> None:
    page.goto(app.url)
    expect(page.get_by_text("Training runs on")).to_be_visible(timeout=PATIENCE)
    for name in PAGES:
        page.get_by_role("link", name=name).first.click()
        expect(page).to_have_url(re.compile(f"/{name.lower()}"), timeout=PATIENCE)
        settled(page)
    for name in ("compare", "latent", "train", ""):
        page.go_back()
        expect(page).to_have_url(re.compile(rf"/{name}(\?|$)"))
        settled(page)


def test_a_pressed_button_shows_no_tooltip_until_the_pointer_moves(app: Server, page: Page) -> None:
    page.goto(f"{app.url}/train?preset=gaussian-2d&max_steps=1000000")
    settled(page)
    tip = page.get_by_role("tooltip").filter(visible=True)
    button(page, "Start").hover()
    expect(tip).to_have_count(1, timeout=PATIENCE)
    button(page, "Start").click()
    expect(button(page, "Pause")).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(1000)
    expect(tip).to_have_count(0, timeout=PATIENCE)
    button(page, "Stop").hover()
    expect(tip).to_have_count(1, timeout=PATIENCE)
    stop(page)


def test_the_axes_show_the_values_that_the_charts_use(app: Server, page: Page) -> None:
    page.goto(f"{app.url}/train?preset=gaussian-2d")
    button(page, "Start").click(timeout=PATIENCE)
    expect(page.get_by_role("img", name=re.compile("^Loss at step"))).to_be_visible(timeout=PATIENCE)
    page.locator(".st-key-axes button").first.click()
    expect(page.get_by_role("radio", name="step", checked=True)).to_be_attached()
    expect(page.get_by_test_id("stPopoverBody").get_by_test_id("stSlider")).to_contain_text("0.90")
    page.wait_for_timeout(1500)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_role("img", name=re.compile("^Loss at step"))).to_be_visible()
    page.keyboard.press("Escape")


def test_settings_changed_soon_after_start_never_lose_the_run(app: Server, page: Page) -> None:
    for seconds in (0, 1):
        page.goto(f"{app.url}/train?preset=ring8&max_steps=1000000")
        button(page, "Start").click(timeout=PATIENCE)
        expect(button(page, "Pause")).to_be_visible(timeout=PATIENCE)
        page.wait_for_timeout(1000 * seconds)
        for number, place in enumerate(("G", "D", "G")):
            rate = page.get_by_role("textbox", name=f"{place} learning rate").first
            rate.fill(f"0.000{number + 2}")
            rate.press("Enter")
            page.wait_for_timeout(400)
        page.wait_for_timeout(1500)
        expect(button(page, "Pause")).to_be_visible()
        expect(page).to_have_url(re.compile("session="))
        stop(page)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows cannot halt a process")
def test_a_film_waits_for_a_server_that_is_too_busy_to_answer(app: Server, page: Page) -> None:
    config = presets.load("gaussian-2d").with_values({"max_steps": 400, "record.frame_every": 5})
    page.goto(f"{app.url}/train?{urlencode(config.to_query())}")
    button(page, "Start").click(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress").first).to_contain_text("Finished", timeout=PATIENCE)
    settled(page)
    shown = page.locator(".scrubber output")
    app.process.send_signal(signal.SIGSTOP)
    try:
        page.get_by_role("button", name="Play the film of samples").click()
        page.wait_for_timeout(1200)
        assert int(re.sub(r"\D", "", shown.inner_text())) <= 10  # not the tenth frame
    finally:
        app.process.send_signal(signal.SIGCONT)
    until(lambda: int(re.sub(r"\D", "", shown.inner_text())) > 20)


def test_the_menu_of_a_phone_closes_after_a_choice_and_buttons_name_no_keys(app: Server, phone: Page) -> None:
    phone.goto(f"{app.url}/train?preset=ring8")
    expect(button(phone, "Start")).to_be_visible(timeout=PATIENCE)
    expect(phone.locator("kbd").filter(visible=True)).to_have_count(0)
    phone.get_by_test_id("stExpandSidebarButton").click()
    phone.get_by_test_id("stSidebarNavLink").filter(has_text="Runs").click()
    expect(phone).to_have_url(re.compile("/runs"))
    expect(phone.get_by_test_id("stSidebarNavLink").first).not_to_be_in_viewport()
    phone.get_by_test_id("stExpandSidebarButton").click()
    expect(phone.get_by_test_id("stSidebarNavLink").first).to_be_in_viewport()
    phone.reload()
    settled(phone)
    expect(phone.get_by_test_id("stSidebarNavLink").first).not_to_be_in_viewport(timeout=PATIENCE)


@pytest.mark.parametrize("run", ["digits", "ring8"])
def test_the_picture_of_latent_stays_in_sight_above_its_sliders_on_a_phone(app: Server, phone: Page, run: str) -> None:
    phone.goto(f"{app.url}/latent?run={run}")
    slider = phone.get_by_role("slider").last
    slider.scroll_into_view_if_needed(timeout=PATIENCE)
    settled(phone)
    slider.scroll_into_view_if_needed()
    picture = phone.locator(".st-key-latent-stage canvas").last
    until(lambda: (box := picture.bounding_box()) is not None and box["y"] > 0 and box["y"] + box["height"] < 800)
    expect(slider).to_be_in_viewport()

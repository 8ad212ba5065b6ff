"""Home in a browser: one click trains, presets are filtered, and the keyboard and a phone work."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_everyday_use import button, settled, stop
from tests.conftest import Server
from tests.support.waiting import until

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # milliseconds
FIRST = "Train on handwritten digits"


@pytest.fixture
def home(app: Server, page: Page) -> Iterator[Page]:
    """Home once torch is loaded. The test fails if the console reports an error."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(app.url)
    ready(page)
    yield page
    assert not errors
    assert page.get_by_test_id("stException").count() == 0


def ready(page: Page) -> None:
    expect(page.get_by_text("Training runs on")).to_be_visible(timeout=PATIENCE)
    settled(page)


def back_home(page: Page) -> None:
    page.get_by_role("link", name="Home").first.click()
    ready(page)


def cards(page: Page) -> Locator:
    return page.locator("[class*=st-key-open-] button").filter(visible=True)


def samples(page: Page) -> Locator:
    return page.get_by_role("img", name=re.compile("generated samples"))


def test_one_click_trains_and_a_second_one_shows_the_same_run(home: Page) -> None:
    quiet = os.getloadavg()[0] < 1
    began = time.monotonic()
    button(home, FIRST).click()
    expect(samples(home)).to_be_visible(timeout=PATIENCE)
    first = home.get_by_text(re.compile(r"^Generated at step \d")).first
    expect(first).not_to_have_text(first.inner_text(), timeout=PATIENCE)
    seconds = time.monotonic() - began
    assert seconds < 5 or not quiet, seconds  # other work on the machine slows the browser and the training
    address = home.url
    back_home(home)
    expect(button(home, "Continue: Digits on request, in training")).to_be_visible()
    button(home, FIRST).click()
    expect(home).to_have_url(address, timeout=PATIENCE)
    expect(home.get_by_text("This run had been started before")).to_be_visible()
    expect(home.get_by_test_id("stProgress").first).to_contain_text("Training", timeout=PATIENCE)
    stop(home)
    back_home(home)
    button(home, "Continue: Digits on request, just now").click()
    expect(home).to_have_url(re.compile(r"/runs\?run="), timeout=PATIENCE)


def test_the_button_leaves_other_runs_alone(app: Server, page: Page) -> None:
    page.goto(f"{app.url}/train?preset=ring8&max_steps=1000000")
    button(page, "Start").click(timeout=PATIENCE)
    expect(button(page, "Pause")).to_be_enabled(timeout=PATIENCE)
    page.goto(app.url)
    button(page, FIRST).click(timeout=PATIENCE)
    expect(page.get_by_test_id("stProgress").first).to_contain_text("Training", timeout=PATIENCE)
    other = page.get_by_role("button", name=re.compile(r"Ring of eight, step [\d,]+"))
    expect(other).not_to_have_text(other.inner_text(timeout=PATIENCE), timeout=PATIENCE)  # it goes on, and says so
    for _ in range(2):
        page.goto(f"{app.url}/train")
        stop(page)


def test_a_filter_leaves_its_cards_and_a_card_opens_its_preset(home: Page) -> None:
    every = cards(home).count()
    home.get_by_role("radio", name="Points").click()
    expect(cards(home).filter(has_text="Spiral")).to_be_visible()
    until(lambda: 0 < cards(home).count() < every / 3, 20)
    home.locator(".st-key-card-spiral").click(position={"x": 40, "y": 40})  # its picture
    expect(home).to_have_url(re.compile(r"/train.*preset=spiral"), timeout=PATIENCE)


def test_presets_that_take_hours_are_folded_away(home: Page) -> None:
    long = cards(home).filter(has_text="DCGAN of 1,024 channels")
    expect(long).to_have_count(0)
    home.get_by_text("Presets that take hours").click()
    expect(long).to_be_visible()


def test_the_keyboard_reaches_the_first_button_the_doors_and_the_cards(home: Page) -> None:
    reached: list[str] = []
    for _ in range(40):
        home.keyboard.press("Tab")
        reached.append(home.evaluate("document.activeElement.innerText.trim()"))
        if "Digits in a minute" in reached:
            break
    places = [next(i for i, text in enumerate(reached) if name in text) for name in (FIRST, "Experiment", "Explore")]
    assert places == sorted(places)
    home.keyboard.press("Enter")
    expect(home).to_have_url(re.compile(r"/train.*preset=mnist-quick"), timeout=PATIENCE)


def test_the_second_door_opens_a_shipped_model(home: Page) -> None:
    home.locator(".st-key-door-explore").click()
    expect(home).to_have_url(re.compile("/latent.*run=digits-conditional"), timeout=PATIENCE)
    expect(home.locator(".st-key-latent-stage canvas").last).to_be_visible(timeout=PATIENCE)


def test_the_film_pauses_at_a_press(home: Page) -> None:
    film = home.locator(".film img")
    position = "(image) => getComputedStyle(image).transform"
    before = film.evaluate(position)
    until(lambda: film.evaluate(position) != before, 10)
    home.get_by_role("button", name="Pause the film").click()
    stopped = film.evaluate(position)
    home.wait_for_timeout(1500)
    assert film.evaluate(position) == stopped
    assert film.evaluate("(image) => image.naturalHeight / image.naturalWidth") == 48 * 112 / 280


@pytest.mark.parametrize("width", [400, 1440, 1920])
def test_nothing_is_wider_than_the_screen_and_nothing_moves_by_itself(
    app: Server, browser: Browser, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(app.url)
    ready(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    expect(button(page, FIRST)).to_be_in_viewport()
    film = page.locator(".film img")
    before = film.evaluate("(image) => getComputedStyle(image).transform")
    page.wait_for_timeout(1500)
    assert film.evaluate("(image) => getComputedStyle(image).transform") == before != "none"  # its end
    context.close()

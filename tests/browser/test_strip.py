"""The control strip of Train, and a page whose moving parts fill the window."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from gan_core.config import TrainConfig
from tests.browser.test_train import DIGITS, RING, pause, start, step_of, train  # noqa: F401 - a fixture
from tests.support.waiting import until

pytestmark = pytest.mark.browser

MOVING = ("samples", "losses", "scores", "norms", "quality")
BOXES = """(keys) => keys.map((key) => document.querySelector(`.st-key-${key}`)?.getBoundingClientRect())
  .filter(Boolean).map((box) => [box.left, box.top, box.right, box.bottom])"""


def boxes(page: Page) -> list[list[float]]:
    """Left, top, right and bottom of everything that moves, in pixels of the window."""
    return page.evaluate(BOXES, [*(f"chart-{name}" for name in MOVING), "health", "fit", "timeline-row"])


def test_rates_and_speed_change_while_a_run_trains(train: Callable[[TrainConfig], Page]) -> None:  # noqa: F811
    page = train(RING)
    start(page)
    slider = page.locator(".st-key-strip").get_by_role("slider", name="D learning rate")
    slider.focus()
    slider.press("ArrowRight")
    expect(page.get_by_role("textbox", name="D learning rate")).to_have_value("0.0015")
    page.locator(".st-key-strip").get_by_text("1 step/s", exact=True).click()
    page.wait_for_timeout(2000)
    before = step_of(page)
    page.wait_for_timeout(3000)
    assert step_of(page) - before <= 6
    page.locator("body").press("+")
    page.locator("body").press("+")
    slow = step_of(page)
    until(lambda: step_of(page) > slow + 100, 60)


@pytest.mark.parametrize("config", [RING, DIGITS], ids=["points", "images"])
def test_what_moves_is_in_sight_and_fills_the_window(
    train: Callable[[TrainConfig], Page],  # noqa: F811
    config: TrainConfig,
) -> None:
    page = train(config)
    start(page, 30)
    pause(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_timeout(1500)
    assert max(bottom for *_, bottom in boxes(page)) <= 900
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.wait_for_timeout(1500)
    bar = page.locator(".st-key-bar").bounding_box()
    assert bar is not None
    below = bar["y"] + bar["height"]
    covered = sum((right - left) * (min(bottom, 1080) - top) for left, top, right, bottom in boxes(page))
    assert covered >= 0.75 * 1920 * (1080 - below)

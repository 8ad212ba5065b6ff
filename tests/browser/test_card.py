"""The class picker and the model card of the Train page, used in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from gan_core import models
from gan_core.config import TrainConfig
from tests.browser import test_train as on_train
from tests.browser.test_train import DIGITS, PATIENCE, button, pause, picture, start
from tests.support.waiting import until

pytestmark = pytest.mark.browser
train = on_train.train  # its fixture

CONDITIONAL = DIGITS.with_values({"condition.name": "projection"})


def choose(page: Page, name: str) -> None:
    page.get_by_role("radiogroup", name="Class").get_by_role("radio", name=name, exact=True).click()


def grid(page: Page, n: int) -> Locator:
    """The canvas, after it shows this number of samples."""
    return page.get_by_role("img", name=re.compile(rf"^{n} generated samples"))


def open_card(page: Page) -> None:
    page.get_by_text("Model card", exact=True).click()
    expect(page.get_by_text("What they minimise")).to_be_visible(timeout=PATIENCE)


def test_a_class_can_be_seen_alone_live_and_in_earlier_frames(train: Callable[[TrainConfig], Page]) -> None:
    page = train(CONDITIONAL)
    start(page, 45)
    expect(page.get_by_text("from left: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9")).to_be_visible()
    choose(page, "7")
    expect(grid(page, 6)).to_be_visible()  # of 64 samples, every class in turn
    first = picture(page, "generated samples")
    until(lambda: picture(page, "generated samples") != first)  # they go on moving
    grid(page, 6).hover(position={"x": 20, "y": 20})
    expect(page.locator(".grid .tip.shown")).to_contain_text("#1, class 7, D(x)")

    pause(page)
    now = picture(page, "generated samples")
    line = page.get_by_role("slider", name="Time line of samples")
    line.focus()
    line.press("Home")
    until(lambda: picture(page, "generated samples") != now)
    expect(grid(page, 6)).to_be_visible()
    choose(page, "all")
    expect(grid(page, 64)).to_be_visible()
    button(page, "Live").click()


def test_the_chosen_class_is_still_chosen_after_another_page(train: Callable[[TrainConfig], Page]) -> None:
    page = train(CONDITIONAL)
    start(page)
    choose(page, "3")
    expect(grid(page, 7)).to_be_visible()
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_text("Training runs on")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Train").click()
    expect(grid(page, 7)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("radio", name="3", exact=True)).to_be_checked()


def test_without_a_condition_there_is_no_class_to_choose(train: Callable[[TrainConfig], Page]) -> None:
    page = train(DIGITS)
    start(page)
    expect(grid(page, 64)).to_be_visible()
    assert page.get_by_role("radiogroup", name="Class").count() == 0


def test_the_model_card_follows_the_settings(train: Callable[[TrainConfig], Page]) -> None:
    page = train(DIGITS)
    open_card(page)
    for network in models.build(DIGITS):
        expect(page.get_by_role("cell", name=f"{models.count_parameters(network):,}", exact=True)).to_be_visible()
    wider = DIGITS.with_values({"generator.width": 9})
    page.get_by_text("All settings", exact=True).click()
    width = page.get_by_role("spinbutton", name="Width").first
    width.fill("9")
    width.press("Enter")
    total = f"{models.count_parameters(models.build(wider)[0]):,}"
    expect(page.get_by_role("cell", name=total, exact=True)).to_be_visible(timeout=PATIENCE)


def test_the_model_card_measures_the_speed_or_shows_that_of_a_run(train: Callable[[TrainConfig], Page]) -> None:
    page = train(DIGITS)
    open_card(page)
    button(page, "Measure").click()
    expect(button(page, "Measure again")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile(r"^[\d.,]+k? images/s$"))).to_be_visible()
    start(page)
    expect(button(page, "Measure again")).to_have_count(0)
    expect(page.get_by_text(re.compile(r"^[\d.,]+k? images/s$"))).to_be_visible()


@pytest.mark.parametrize("width", [1440, 400])
def test_neither_card_nor_picker_widens_the_page(train: Callable[[TrainConfig], Page], width: int) -> None:
    penalised = {"penalty.name": "gradient-penalty", "discriminator.norm": "none", "discriminator.depth": 1}
    page = train(CONDITIONAL.with_values(penalised))
    page.set_viewport_size({"width": width, "height": 900})
    open_card(page)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_the_first_screen_holds_controls_grid_and_charts_of_a_conditional_run(
    train: Callable[[TrainConfig], Page],
) -> None:
    page = train(CONDITIONAL)
    page.set_viewport_size({"width": 1440, "height": 900})
    start(page)
    for part in (
        button(page, "Pause"),
        page.get_by_role("radiogroup", name="Class"),
        grid(page, 64),
        page.get_by_role("img", name=re.compile("real examples")),
        page.get_by_role("img", name=re.compile("^Gradient norm at step")),
        page.get_by_role("slider", name="Time line of samples"),
    ):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900

"""The health panel and the help in the charts' corners in a browser; neither moves the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from gan_core import losses
from gan_core.losses.descriptions import describe
from tests.browser import test_train as on_train
from tests.browser.test_card import CONDITIONAL, choose, grid
from tests.browser.test_train import DIGITS, PATIENCE, start
from tests.conftest import Server
from tests.support.small import POINTS
from tests.support.waiting import until

pytestmark = pytest.mark.browser
train = on_train.train  # its fixture


@pytest.fixture(scope="module")
def panels(serve: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_PLAYGROUND_RUNS", str(tmp_path_factory.mktemp("runs")))
        return serve(str(Path("tests") / "browser" / "health_app.py"))


@pytest.fixture
def sick(panels: Server, page: Page) -> Page:
    """The panel over a run of twelve steps whose discriminator is too strong."""
    query = POINTS.to_query() | {"findings": "strong-d", "begin": "1"}
    page.goto(f"{panels.url}/?{urlencode(query)}")
    expect(chart(page, "Gradient norm at step 12")).to_be_visible(timeout=PATIENCE)
    return page


def chart(page: Page, label: str) -> Locator:
    return page.get_by_role("img", name=re.compile(f"^{label}"))


def top(part: Locator) -> float:
    box = part.bounding_box()
    assert box is not None
    return box["y"]


def test_evidence_is_shown_on_its_chart_and_in_why(sick: Page) -> None:
    expect(chart(sick, r"Score at step 12: .*; warning at step 8: discriminator too strong")).to_be_visible()
    sick.get_by_role("button", name="Why").click()
    expect(sick.get_by_role("cell", name="D(x) 0.98 and D(G(z)) 0.02")).to_be_visible()
    expect(sick.get_by_text("one loud, useless direction")).to_be_visible()


def test_evidence_in_the_points_is_shown_above_them(sick: Page) -> None:
    sick.get_by_role("button", name="Find collapse").click()
    told = r"16 real and 16 generated points on D's surface; warning: few modes are reached: samples are alike"
    expect(chart(sick, told)).to_be_visible()


def test_one_click_changes_the_run_and_the_draft(sick: Page) -> None:
    sick.get_by_role("button", name="slow D", exact=True).click()
    expect(sick.get_by_text("draft 5e-05")).to_be_visible()
    expect(sick.get_by_role("button", name="slow D", exact=True)).to_be_disabled()


def test_nothing_moves_when_findings_come_and_go(sick: Page) -> None:
    line = sick.get_by_role("slider", name="Time line of samples")
    place = top(line)
    for name, told in (("collapse", "Few modes are reached"), ("fine", "Fine, still"), ("nothing", "watching")):
        sick.get_by_role("button", name=f"Find {name}").click()
        expect(sick.get_by_text(told).first).to_be_visible()
        assert top(line) == pytest.approx(place, abs=1)


def test_a_new_failure_is_announced_and_not_again_after_a_refresh(sick: Page) -> None:
    toast = sick.get_by_test_id("stToast")
    assert toast.count() == 0
    sick.get_by_role("button", name="Find collapse").click()
    expect(toast).to_contain_text("few modes are reached, since step 9")
    sick.reload()
    expect(sick.get_by_text("Discriminator too strong", exact=True)).to_be_visible(timeout=PATIENCE)
    assert toast.count() == 0


def test_a_phone_holds_the_panel_without_scrolling_sideways(sick: Page) -> None:
    sick.set_viewport_size({"width": 400, "height": 900})
    sick.get_by_role("button", name="smooth labels").scroll_into_view_if_needed()
    assert sick.get_by_test_id("stMain").evaluate("element => element.scrollWidth <= element.clientWidth")


@pytest.mark.parametrize("width", [1440, 400])
def test_the_first_of_four_findings_is_whole_and_the_others_are_folded(panels: Server, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    query = POINTS.to_query() | {"findings": ",".join(f"more-{n}" for n in range(4)), "begin": "1"}
    page.goto(f"{panels.url}/?{urlencode(query)}")
    box = page.locator(".st-key-health")
    expect(box.get_by_role("button", name="slow D")).to_be_visible(timeout=PATIENCE)
    expect(box.get_by_text("Worked in 6 of 6 measured runs")).to_be_visible()
    assert box.evaluate("box => getComputedStyle(box).overflowY") == "visible"  # no scroll bar
    folded = page.get_by_text("Another failure with a long title, number 3")
    expect(folded).to_be_hidden()
    more = box.get_by_role("button", name="3 more findings")
    more.focus()
    page.keyboard.press("Enter")
    expect(folded).to_be_visible()
    page.keyboard.press("Escape")
    expect(folded).to_be_hidden()
    cut = """box => [...box.querySelectorAll("button")].filter(button => {
        const here = button.getBoundingClientRect();
        for (let outer = button.parentElement; outer.dataset.testid !== "stMain"; outer = outer.parentElement) {
            const there = outer.getBoundingClientRect();
            if (getComputedStyle(outer).overflow !== "visible" && here.bottom > there.bottom + 1) return true;
        }
        return false;
    }).length"""
    assert box.evaluate(cut) == 0


def test_the_bar_of_a_box_that_scrolls_is_always_shown(sick: Page) -> None:
    bar = "box => getComputedStyle(box, '::-webkit-scrollbar-thumb').backgroundColor"
    assert not sick.locator(".st-key-health").evaluate(bar).endswith((", 0)", "/ 0)"))


def test_each_chart_has_help_in_its_corner(train: Callable[..., Page]) -> None:
    page = train(DIGITS)
    start(page)
    about = describe(losses.get(DIGITS.loss.name, DIGITS.loss.combine))
    for what, told in (
        ("losses", about.curves),
        ("scores", about.scores),
        ("gradient norms", about.gradient_norms),
        ("samples", "Look for variety"),
    ):
        page.get_by_role("button", name=f"How to read the {what}").click()
        expect(page.get_by_text(told)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_text(told)).to_be_hidden()


def test_the_first_screen_holds_the_health_line_and_the_time_line(train: Callable[..., Page]) -> None:
    page = train(DIGITS)
    page.set_viewport_size({"width": 1440, "height": 900})
    start(page)
    for part in (page.locator(".st-key-health"), page.get_by_role("slider", name="Time line of samples")):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900


def test_real_examples_follow_the_class_and_nothing_below_moves(train: Callable[..., Page]) -> None:
    page = train(CONDITIONAL)
    page.set_viewport_size({"width": 1440, "height": 900})
    start(page)
    line = page.get_by_role("slider", name="Time line of samples")
    expect(page.get_by_role("img", name=re.compile("^16 real examples"))).to_be_visible()
    place = top(line)
    choose(page, "7")
    expect(grid(page, 6)).to_be_visible()
    expect(page.get_by_text("Real: class 7")).to_be_visible()
    until(lambda: page.get_by_role("img", name=re.compile("^16 real examples")).count() == 0)
    assert top(line) == pytest.approx(place, abs=1)

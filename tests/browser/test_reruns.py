"""What is drawn reaches the browser and what is clicked is done, whatever else asks for the page at that moment."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def racing(serve: Callable[..., Server]) -> Server:
    return serve("tests/browser/reruns_app.py")


@pytest.fixture
def study(racing: Server, page: Page) -> Page:
    page.goto(racing.url)
    expect(page.get_by_text("drawn 0 times")).to_be_visible()
    return page


def test_the_last_words_of_a_page_arrive_although_a_fragment_asks_before_they_were_passed_on(study: Page) -> None:
    for times in (1, 2, 3):
        study.get_by_role("button", name="Draw", exact=True).click()
        expect(study.get_by_text(f"drawn {times} times")).to_be_visible()


def test_what_stands_below_a_fragment_stays_although_it_is_drawn_again_before_the_page_was_sent(study: Page) -> None:
    for _ in range(3):
        study.get_by_role("button", name="Draw busily").click()
        study.wait_for_timeout(2500)
        expect(study.get_by_text("Heads")).to_be_visible()
        expect(study.get_by_role("button", name="Draw", exact=True)).to_be_visible(timeout=3000)


def test_a_click_that_waits_in_a_fragment_is_done_although_the_whole_page_is_asked_for(study: Page) -> None:
    study.get_by_role("button", name="Slow").click()
    study.wait_for_timeout(500)  # it is at work now, so that what comes has to wait
    study.get_by_role("button", name="Count").click()
    study.get_by_role("button", name="Draw", exact=True).click()
    expect(study.get_by_text("1 clicks")).to_be_visible()
    expect(study.get_by_text("drawn 1 times")).to_be_visible()


def test_a_moment_ago_is_shown_again_although_the_browser_has_forgotten_it_while_it_asked(study: Page) -> None:
    expect(study.get_by_text("Heads")).to_be_visible()
    turn = study.get_by_role("button", name="Turn")
    study.get_by_role("button", name="Late").click()
    turn.click()
    expect(study.get_by_text("Tails")).to_be_visible()
    study.wait_for_timeout(2500)  # a look has been taken that the browser does not know of; at its news it forgets
    turn.click()
    expect(study.get_by_text("Heads")).to_be_visible()
    expect(turn).to_be_enabled()

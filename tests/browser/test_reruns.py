"""Outputs reach the browser and clicks are handled although other reruns are requested at the same time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(serve: Callable[..., Server]) -> Server:
    return serve("tests/browser/reruns_app.py")


@pytest.fixture
def app(server: Server, page: Page) -> Page:
    page.goto(server.url)
    expect(page.get_by_text("drawn 0 times")).to_be_visible()
    return page


def test_the_last_output_of_a_page_arrives_although_a_fragment_reruns_before_it_was_sent(app: Page) -> None:
    for times in (1, 2, 3):
        app.get_by_role("button", name="Draw", exact=True).click()
        expect(app.get_by_text(f"drawn {times} times")).to_be_visible()


def test_outputs_below_a_fragment_stay_although_it_reruns_before_the_page_was_sent(app: Page) -> None:
    for _ in range(3):
        app.get_by_role("button", name="Draw busily").click()
        app.wait_for_timeout(2500)
        expect(app.get_by_text("Heads")).to_be_visible()
        expect(app.get_by_role("button", name="Draw", exact=True)).to_be_visible(timeout=3000)


def test_a_waiting_click_in_a_fragment_is_handled_although_the_whole_page_reruns(app: Page) -> None:
    app.get_by_role("button", name="Slow").click()
    app.wait_for_timeout(500)  # the fragment is busy now, so that later clicks wait
    app.get_by_role("button", name="Count").click()
    app.get_by_role("button", name="Draw", exact=True).click()
    expect(app.get_by_text("1 clicks")).to_be_visible()
    expect(app.get_by_text("drawn 1 times")).to_be_visible()


def test_an_earlier_output_is_shown_again_although_the_browser_dropped_it_meanwhile(app: Page) -> None:
    expect(app.get_by_text("Heads")).to_be_visible()
    turn = app.get_by_role("button", name="Turn")
    app.get_by_role("button", name="Late").click()
    turn.click()
    expect(app.get_by_text("Tails")).to_be_visible()
    app.wait_for_timeout(2500)  # the fragment has rerun; the browser drops the old output when it hears of that
    turn.click()
    expect(app.get_by_text("Heads")).to_be_visible()
    expect(turn).to_be_enabled()

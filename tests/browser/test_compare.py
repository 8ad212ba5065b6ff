"""The Compare page in a browser: one server, one page and one small study for all tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from gan_core import compare
from gan_core.compare import StudyStore
from tests.compare.studies import ended_study, plan
from tests.conftest import Server
from tests.support.clipboard import copied_link
from tests.support.waiting import until

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # milliseconds; the first page waits for torch to load on a busy machine
STEPS = 8
ANSWER = re.compile("(Not settled: 3 seeds|No noticeable difference: |Better samples: )")


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    page.close()
    assert not faults


@pytest.fixture
def page(shared: Page) -> Iterator[Page]:
    """The page that all tests use in their order; it must not have had an error."""
    yield shared
    assert shared.get_by_test_id("stException").count() == 0


@pytest.fixture
def at_end(page: Page) -> Page:
    """The study has ended."""
    expect(page.get_by_text("6 of 6 runs done")).to_be_visible(timeout=3 * PATIENCE)
    expect(headline(page)).to_have_text(ANSWER, timeout=PATIENCE)
    return page


def headline(page: Page) -> Locator:
    return page.locator(".st-key-headline h4")


def button(page: Page, word: str) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^{word}"))


def steps(page: Page) -> list[int]:
    return [int(step) for step in re.findall(r"step ([\d,]+)", page.locator(".lanes").inner_text())]


def test_an_unfinished_plan_survives_a_refresh(app: Server, page: Page) -> None:
    page.goto(f"{app.url}/compare")
    page.get_by_role("tab", name="Your own").click(timeout=PATIENCE)
    expect(button(page, "Start 6 runs")).to_be_visible(timeout=PATIENCE)
    page.get_by_text("A second thing too").click()
    seeds = page.get_by_role("spinbutton", name="Seeds")
    seeds.fill("5")
    seeds.press("Enter")
    expect(button(page, "Start 30 runs")).to_be_visible()
    values = page.get_by_role("textbox", name="Values, with commas")
    values.fill("2, 3")
    values.press("Enter")
    expect(button(page, "Start 20 runs")).to_be_visible()
    page.reload()
    expect(button(page, "Start 20 runs")).to_be_visible(timeout=PATIENCE)
    expect(values).to_have_value("2, 3")


def test_a_custom_comparison_starts_after_its_cost_is_shown(app: Server, page: Page, library: Path) -> None:
    page.goto(f"{app.url}/compare")
    page.get_by_role("tab", name="Your own").click(timeout=PATIENCE)
    expect(button(page, "Start 6 runs")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Each optimiser has its own learning rate: Adam 0.002, RMSprop 0.001.")).to_be_visible()
    expect(page.get_by_text("Memory at once").last).to_be_visible()
    length = page.get_by_role("spinbutton", name="Steps of each run")
    length.fill(str(STEPS))
    length.press("Enter")
    button(page, "Start 6 runs").click()
    expect(button(page, "Pause all")).to_be_visible(timeout=PATIENCE)
    (study,) = StudyStore(library).list()
    assert study.id in page.url
    assert study.comparison.steps == STEPS


def test_the_progress_of_its_runs_is_shown(page: Page) -> None:
    expect(page.get_by_role("listitem")).to_have_count(2)
    until(lambda: sum(steps(page)) > 0 or page.get_by_text("finished").count())
    expect(page.get_by_role("img", name=re.compile("Jensen-Shannon"))).to_be_visible(timeout=PATIENCE)


def test_all_runs_pause_and_resume(page: Page, library: Path) -> None:
    (study,) = StudyStore(library).list()
    button(page, "Pause all").click()
    expect(button(page, "Resume all")).to_be_visible()
    until(lambda: not study.is_running)
    rested = [trial.step for trial in study.trial_statuses()]
    assert any(trial.status == "paused" for trial in study.trial_statuses())
    page.wait_for_timeout(500)
    assert [trial.step for trial in study.trial_statuses()] == rested
    button(page, "Resume all").click()
    expect(button(page, "Pause all")).to_be_visible()


def test_one_run_is_stopped_and_resumed_by_its_button(page: Page, library: Path) -> None:
    (study,) = StudyStore(library).list()
    last = study.jobs[-1]
    page.get_by_role("button", name=f"Stop {last.variant.title}, seed 2").click()
    page.get_by_role("button", name=f"Resume {last.variant.title}, seed 2").click(timeout=PATIENCE)
    until(lambda: study.command_for(last.key) == "run")


def test_a_refresh_and_a_second_tab_find_the_same_comparison(page: Page, browser: Browser) -> None:
    page.reload()
    expect(page.locator(".lanes")).to_be_visible(timeout=PATIENCE)
    other = browser.new_page()
    other.goto(page.url)
    expect(other.locator(".lanes")).to_be_visible(timeout=PATIENCE)


def test_the_headline_and_the_table_appear_at_the_end(at_end: Page, library: Path) -> None:
    at_end.get_by_text("Every test against Adam").click()
    expect(at_end.get_by_text("Paired t-tests over the seeds")).to_be_visible()
    expect(at_end.get_by_test_id("stDataFrame").first).to_be_visible()
    assert button(at_end, "Pause all").count() == 0
    (study,) = StudyStore(library).list()
    assert [trial.step for trial in study.trial_statuses()] == [STEPS] * 6


def test_the_curves_show_another_axis_and_another_metric(at_end: Page) -> None:
    at_end.get_by_role("radio", name="images").click()
    expect(at_end.locator(".xtitle").first).to_have_text("images")
    at_end.get_by_role("combobox", name="Curve").click()
    at_end.get_by_role("option", name="D's loss").click()
    expect(at_end.get_by_role("img", name=re.compile("^D's loss at the end"))).to_be_visible()


def test_one_time_line_changes_all_pictures(at_end: Page) -> None:
    pictures = at_end.get_by_role("img", name=re.compile("generated points"))
    expect(pictures).to_have_count(2)
    line = at_end.get_by_role("slider", name="Time line of samples")
    line.focus()
    line.press("Home")
    expect(at_end.get_by_text("Samples of the same latents, step 0")).to_be_visible()


def test_a_copied_link_opens_the_same_curve_and_the_same_step(at_end: Page) -> None:
    axis = at_end.locator(".xtitle").first.text_content() or ""
    link = copied_link(at_end)
    expect(at_end.get_by_text("on this machine only")).to_be_visible()
    at_end.goto(link)
    expect(at_end.get_by_text("Samples of the same latents, step 0")).to_be_visible(timeout=PATIENCE)
    expect(at_end.get_by_role("img", name=re.compile("^D's loss at the end"))).to_be_visible()
    expect(at_end.locator(".xtitle").first).to_have_text(axis)


def test_the_report_is_downloaded_as_one_page(at_end: Page) -> None:
    button(at_end, "Export").click()
    with at_end.expect_download() as download:
        at_end.get_by_role("button", name="Report (HTML)").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "data:image/svg+xml;base64," in text
    at_end.keyboard.press("Escape")


def test_the_chart_is_saved_as_a_picture(at_end: Page) -> None:
    with at_end.expect_download() as download:
        at_end.get_by_role("button", name="PNG", exact=True).click()
    assert download.value.suggested_filename == "own-loss_d.png"
    with Image.open(download.value.path()) as picture:
        assert picture.width > 800


def test_the_page_is_not_wider_than_a_phone(at_end: Page) -> None:
    at_end.set_viewport_size({"width": 400, "height": 860})
    until(lambda: at_end.evaluate("document.documentElement.scrollWidth") <= 400)
    expect(at_end.get_by_role("img", name=re.compile("at the end")).first).to_be_visible()
    at_end.set_viewport_size({"width": 1440, "height": 900})


def test_the_comparison_is_the_first_in_the_list(app: Server, page: Page) -> None:
    page.goto(f"{app.url}/compare")
    expect(page.get_by_text("6 of 6 runs done")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name=re.compile("Ring of eight")).first.click()
    expect(headline(page)).to_have_text(ANSWER, timeout=PATIENCE)


def test_each_ready_made_card_shows_what_was_found_with_its_chart_and_pictures(app: Server, page: Page) -> None:
    page.goto(f"{app.url}/compare")
    cards = page.locator(".st-key-comparisons")
    expect(cards.get_by_role("img", name=re.compile("^Fréchet distance at the end"))).to_have_count(
        len(compare.names()), timeout=PATIENCE
    )
    for name in compare.names():
        card = page.locator(f".st-key-card-{name}")
        expect(card.get_by_text(compare.finding(compare.measured(name)[-1]).headline.text)).to_be_visible()
        expect(card.get_by_test_id("stImage").locator("img")).to_have_count(len(compare.get(name).variants))
    pictures = cards.get_by_test_id("stImage").locator("img")
    until(lambda: pictures.evaluate_all("images => images.every((image) => image.naturalWidth > 200)"))
    page.locator(".st-key-card-optimizers").get_by_role("img").last.click(force=True)  # below the button of the card
    expect(button(page, "Start 15 runs")).to_be_visible(timeout=PATIENCE)
    assert "ready=optimizers" in page.url


def test_the_button_of_the_headline_trains_the_seeds_that_are_missing(app: Server, page: Page, library: Path) -> None:
    study = ended_study(plan(4), library)
    page.goto(f"{app.url}/compare?comparison={study.id}")
    expect(headline(page)).to_contain_text("a verdict needs 3 seeds, and 1 is measured", timeout=PATIENCE)
    button(page, "Add 2 seeds: 4 runs").click()
    expect(page.get_by_text("6 of 6 runs done")).to_be_visible(timeout=3 * PATIENCE)
    expect(headline(page)).to_have_text(ANSWER, timeout=PATIENCE)
    assert [trial.status for trial in study.trial_statuses()] == ["finished"] * 6

"""The Runs page in a real browser: find a run, look at it, take it along, delete it, import it."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from gan_core.compare import Study, StudyStore, TrialStatus
from gan_core.runs import Metadata, Run, RunStore
from gan_core.runs.shipped import SHIPPED
from tests.compare.studies import plan
from tests.conftest import Server
from tests.support.saved_run import saved_run
from tests.support.small import DIGITS, POINTS
from ui.web import plotly_folder

pytestmark = pytest.mark.browser
TIMEOUT = 60_000  # milliseconds; on a busy machine the first page needs long to load torch
NAMES = ("amber", "birch", "cedar", "dune", "ember", "fjord")
ALL = len(NAMES) + len(SHIPPED.list())
HTML = "<img src=x onerror=alert(1)> **b**"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    store = RunStore(tmp_path_factory.mktemp("library"))
    for i, name in enumerate(NAMES):
        run, _ = saved_run(store, DIGITS if i % 2 else POINTS)
        run.write_metadata(Metadata.of(name, ["odd" if i % 2 else "even"]))
        run.log("stopped", 2)
    return store


@pytest.fixture(scope="module")
def app(serve: Callable[..., Server], library: RunStore) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_PLAYGROUND_RUNS", str(library.root))
        server = serve("app.py")
    yield server
    server.stop()


@pytest.fixture
def runs(app: Server, page: Page) -> Page:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: faults.append(dialog.message))
    page.goto(f"{app.url}/runs")
    expect(page.get_by_role("option").first).to_be_visible(timeout=TIMEOUT)
    page.faults = faults  # type: ignore[attr-defined]
    return page


def assert_no_errors(page: Page) -> None:
    assert not page.faults  # type: ignore[attr-defined]
    assert page.get_by_test_id("stException").count() == 0


def choose(page: Page, name: str) -> None:
    page.get_by_role("option", name=re.compile(re.escape(name))).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=TIMEOUT)


def named(library: RunStore, name: str) -> Run:
    return library.open(next(run.id for run in library.list() if run.name == name))


def test_a_run_is_found_by_words_and_tags_and_selected_by_keys(runs: Page) -> None:
    expect(runs.get_by_role("option")).to_have_count(ALL)
    runs.get_by_placeholder("Search").fill("dune")
    runs.keyboard.press("Enter")
    expect(runs.get_by_role("option")).to_have_count(1)
    runs.get_by_placeholder("Search").fill("")
    runs.keyboard.press("Enter")
    runs.get_by_role("button", name="even").click()
    expect(runs.get_by_role("option")).to_have_count(3)
    runs.get_by_role("listbox", name="Runs").focus()
    runs.keyboard.press("ArrowDown")
    expect(runs.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    expect(runs.get_by_role("img", name=re.compile("^Loss at step 2"))).to_be_visible(timeout=TIMEOUT)
    assert "run=" in runs.url
    assert_no_errors(runs)


def test_a_run_is_taken_along_deleted_restored_and_imported(runs: Page, library: RunStore, tmp_path: Path) -> None:
    choose(runs, "birch")
    run = named(library, "birch")
    with runs.expect_download(timeout=TIMEOUT) as waiting:
        runs.get_by_role("button", name="Take along").click()
        runs.get_by_role("button", name="Whole run").click(timeout=TIMEOUT)
    packed = tmp_path / "run.zip"
    waiting.value.save_as(packed)
    runs.keyboard.press("Escape")
    runs.get_by_role("button", name="Delete").click()
    expect(runs.get_by_text("Deleted: birch")).to_be_visible(timeout=TIMEOUT)
    assert not run.path.exists()
    runs.get_by_role("button", name=re.compile("^Undo")).click()
    expect(runs.get_by_text("Deleted: birch")).to_have_count(0, timeout=TIMEOUT)
    expect(runs.get_by_role("heading", name="birch")).to_be_visible(timeout=TIMEOUT)
    assert run.path.exists()
    runs.get_by_role("button", name="Import").click()
    runs.locator("input[type=file]").set_input_files(packed)
    expect(runs.get_by_role("option")).to_have_count(ALL + 1, timeout=TIMEOUT)
    assert_no_errors(runs)


def test_no_element_is_shown_twice_while_a_message_appears_or_disappears(runs: Page) -> None:
    choose(runs, "dune")
    runs.evaluate(
        """() => {
        window.most = 0;
        const look = () => {
          window.most = Math.max(window.most, document.querySelectorAll(".st-key-house").length);
          requestAnimationFrame(look);
        };
        look();
    }"""
    )
    runs.get_by_role("button", name="Delete").click()
    expect(runs.get_by_text("Deleted: dune")).to_be_visible(timeout=TIMEOUT)
    runs.get_by_role("button", name=re.compile("^Undo")).click()
    expect(runs.get_by_role("heading", name="dune")).to_be_visible(timeout=TIMEOUT)
    expect(runs.get_by_text("Deleted: dune")).to_have_count(0, timeout=TIMEOUT)
    assert runs.evaluate("window.most") == 1
    assert_no_errors(runs)


def test_html_in_a_name_is_shown_as_text(runs: Page, library: RunStore) -> None:
    named(library, "cedar").write_metadata(Metadata.of(HTML, ["<i>"], HTML))
    runs.reload()
    choose(runs, HTML)
    expect(runs.get_by_role("option").filter(has_text=HTML)).to_have_count(1)
    assert runs.locator("img[src=x]").count() == 0
    assert_no_errors(runs)


def test_resume_leads_to_the_train_page(runs: Page) -> None:
    choose(runs, "fjord")
    runs.get_by_role("button", name="Resume").click()
    runs.wait_for_url("**/train**", timeout=TIMEOUT)
    expect(runs.get_by_text(re.compile("of 12"))).to_be_visible(timeout=TIMEOUT)
    assert_no_errors(runs)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(runs: Page, scheme: str) -> None:
    runs.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    runs.set_viewport_size({"width": 400, "height": 850})
    choose(runs, "amber")
    assert runs.evaluate("document.documentElement.scrollWidth") <= 400
    list_ = runs.get_by_role("listbox", name="Runs").bounding_box()
    assert list_ is not None
    assert list_["width"] <= 400
    assert list_["height"] < 425


def add_study(library: RunStore, title: str = "Rates") -> Study:
    """A comparison of two runs."""
    study = StudyStore(library.root).create(plan(title=title))
    for job in study.jobs:
        run, _ = saved_run(library, POINTS, f"{title}: {job.variant.title}, seed 0")
        study.write_trial_status(TrialStatus(job.key, "finished", run.id))
    return study


def test_the_runs_of_a_comparison_are_one_line_that_opens(runs: Page, library: RunStore) -> None:
    before = len(library.list()) + len(SHIPPED.list())
    study = add_study(library)
    assert {each.id for each in StudyStore(library.root).studies_of_runs().values()} == {study.id}
    runs.reload()
    options, fold = runs.get_by_role("option"), runs.get_by_role("group", name="Rates").locator("summary")
    expect(fold).to_contain_text("2 runs", timeout=TIMEOUT)
    expect(fold).to_contain_text("lr")
    expect(options).to_have_count(before)
    fold.press("Enter")
    expect(options).to_have_count(before + 2)
    choose(runs, study.jobs[1].variant.title)
    runs.wait_for_url("**/runs?run=*", timeout=TIMEOUT)
    fold.click()
    expect(options).to_have_count(before)
    runs.reload()  # the link names the run, so its comparison opens
    expect(options).to_have_count(before + 2, timeout=TIMEOUT)
    fold.click()
    runs.get_by_placeholder("Search").fill("rates")
    runs.keyboard.press("Enter")
    expect(options).to_have_count(2, timeout=TIMEOUT)
    assert_no_errors(runs)


def test_two_comparisons_of_one_name_are_told_apart_and_close_again_after_a_search(
    runs: Page, library: RunStore
) -> None:
    for title in ("Depths", "Widths"):
        study = add_study(library, title)
    study.write(study.comparison.with_fields(title="Depths"))
    runs.goto(runs.url.partition("?")[0])
    folds, options = runs.get_by_role("group", name="Depths"), runs.get_by_role("option")
    expect(folds).to_have_count(2, timeout=TIMEOUT)
    first, second = folds.locator("summary").all_inner_texts()
    assert first != second
    runs.get_by_placeholder("Search").fill("depths")
    runs.keyboard.press("Enter")
    expect(options).to_have_count(2, timeout=TIMEOUT)
    runs.get_by_placeholder("Search").fill("")
    runs.keyboard.press("Enter")
    expect(folds).to_have_count(2, timeout=TIMEOUT)
    expect(runs.locator("details[open]")).to_have_count(0, timeout=TIMEOUT)


# ---- the server ------------------------------------------------------------------------------------------------------


def _ask(app: Server, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", int(app.url.rsplit(":", 1)[1]), timeout=10)
    connection.request(method, path, body, {"Content-Type": "application/octet-stream"})
    response = connection.getresponse()
    status, content = response.status, response.read()
    connection.close()
    return status, content


def test_an_upload_from_another_page_is_refused(app: Server) -> None:
    status, _ = _ask(app, "PUT", "/_stcore/upload_file/session/file", b"hello")
    assert status == 403


@pytest.mark.parametrize("file", ["../__init__.py", "%2e%2e/__init__.py", "..%2f__init__.py"])
def test_only_the_folder_of_plotly_is_served(app: Server, file: str) -> None:
    _, content = _ask(app, "GET", f"{plotly_folder()}/plotly.min.js")
    assert b"plotly.js" in content[:1000]
    _, content = _ask(app, "GET", f"{plotly_folder()}/{file}")
    assert b"import" not in content


def test_no_page_sends_requests_to_another_machine(app: Server, page: Page) -> None:
    asked: set[str | None] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).hostname))
    for name in ("", "train", "latent", "compare", "runs"):
        page.goto(f"{app.url}/{name}")
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=TIMEOUT)
        page.wait_for_timeout(500)
    assert asked - {None} == {"localhost"}  # None: data URLs

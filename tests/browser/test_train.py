"""The Train page in a browser: start, pause, steps, time line, refresh, stop and resume."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.runs import RunStore
from tests.conftest import Server
from tests.support.waiting import until

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # milliseconds; the first page waits until torch is imported on a busy machine
LONG = {"max_steps": 1_000_000, "record.frame_every": 20, "record.save_every": 100_000}
DIGITS = presets.load("mnist-quick").with_values(LONG | {"generator.width": 8, "discriminator.width": 8})
RING = presets.load("ring8").with_values(LONG)


@pytest.fixture
def train(app: Server, page: Page) -> Iterator[Callable[[TrainConfig], Page]]:
    """A function that opens the Train page with an experiment. A run that it started is stopped at the end."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def open_with(config: TrainConfig) -> Page:
        page.goto(f"{app.url}/train?{urlencode(config.to_query())}")
        expect(button(page, "Start")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
        return page

    yield open_with
    if not page.is_closed() and button(page, "Stop").count():
        button(page, "Stop").click()
        expect(button(page, "Start")).to_be_visible(timeout=PATIENCE)
    assert not faults
    assert page.get_by_test_id("stException").count() == 0


def button(page: Page, label: str) -> Locator:
    """The button with this label, with or without a keyboard shortcut."""
    return page.get_by_role("button", name=re.compile(rf"^{label}( Shortcut .)?$"))


def progress(page: Page) -> str:
    return page.get_by_test_id("stProgress").inner_text(timeout=PATIENCE)


def step_of(page: Page) -> int:
    found = re.search(r"step ([\d,]+) of", progress(page))
    return int(found[1].replace(",", "")) if found else 0


def start(page: Page, steps: int = 5) -> None:
    button(page, "Start").click()
    expect(button(page, "Pause")).to_be_visible(timeout=PATIENCE)
    until(lambda: step_of(page) >= steps, 60)


def pause(page: Page) -> None:
    """Press Pause and wait until the current step is done and shown."""
    button(page, "Pause").click()
    expect(button(page, "Resume")).to_be_visible(timeout=PATIENCE)
    until(lambda: "Paused" in progress(page))
    page.wait_for_timeout(1500)


def picture(page: Page, label: str) -> str:
    """All pixels of the canvas with this label."""
    pixels: str = page.get_by_role("img", name=re.compile(label)).evaluate("canvas => canvas.toDataURL()")
    return pixels


def rate_of_g(page: Page) -> Locator:
    return page.get_by_role("textbox", name="G learning rate").first


def test_start_shows_moving_samples_beside_real_ones(train: Callable[[TrainConfig], Page]) -> None:
    page = train(DIGITS)
    start(page)
    first = picture(page, "generated samples")
    until(lambda: picture(page, "generated samples") != first, 90)  # publishing samples may take only 1.5 % of the time
    expect(page.get_by_role("img", name=re.compile("16 real examples"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Loss at step"))).to_be_visible()


def test_pause_step_and_resume(train: Callable[[TrainConfig], Page]) -> None:
    page = train(DIGITS)
    start(page)
    pause(page)
    step = step_of(page)
    button(page, "Step").click()
    until(lambda: step_of(page) == step + 1)
    page.keyboard.press("s")  # the shortcut that the button shows
    until(lambda: step_of(page) > step + 3)


def test_a_rate_changed_mid_run_takes_effect_and_marks_the_curves(
    train: Callable[[TrainConfig], Page], library: Path
) -> None:
    page = train(DIGITS)
    start(page)
    rate = rate_of_g(page)
    rate.fill("0.0004")
    rate.press("Enter")
    expect(page.get_by_text("G learning rate 1 →").first).to_be_attached(timeout=PATIENCE)  # the text of the mark
    assert 0.0004 in [run.config.optimizer_g.lr for run in RunStore(library).list()]  # saved with the run

    rate.fill("fast")
    rate.press("Enter")
    message = "optimizer_g.lr: fast is not allowed"
    expect(page.get_by_test_id("stAlert").get_by_text(message)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stToast").get_by_text(message)).to_be_in_viewport(timeout=PATIENCE)
    expect(rate_of_g(page)).to_have_value("0.0004")


def test_scrubbing_shows_earlier_samples_and_live_returns(train: Callable[[TrainConfig], Page]) -> None:
    page = train(DIGITS)
    start(page, 65)
    pause(page)
    now = picture(page, "generated samples")
    line = page.get_by_role("slider", name="Time line of samples")
    line.focus()
    line.press("Home")
    expect(page.locator(".scrubber output")).to_have_text("step 0")
    until(lambda: picture(page, "generated samples") != now)
    button(page, "Live").click()
    until(lambda: picture(page, "generated samples") == now)


def seconds_until(page: Page, address: str, label: str) -> float:
    """Seconds from the load event of the page until it shows the button with this label."""
    page.goto(address, wait_until="load")
    loaded = time.monotonic()
    expect(button(page, label)).to_be_visible(timeout=PATIENCE)
    return time.monotonic() - loaded


def test_a_refresh_and_a_second_tab_find_the_same_run(train: Callable[[TrainConfig], Page], app: Server) -> None:
    """It takes at most two seconds, or 1.5 times as long as a page without a run takes on a slow machine.

    The best of several tries counts, because other processes may delay a single one.
    """
    page = train(DIGITS)
    start(page)
    before = step_of(page)
    other = page.context.new_page()
    without_one = min(seconds_until(other, f"{app.url}/train?preset=ring8", "Start") for _ in range(3))
    allowed = max(2, 1.5 * without_one)
    assert any(seconds_until(page, page.url, "Pause") < allowed for _ in range(8))
    until(lambda: step_of(page) > before)
    assert any(seconds_until(other, page.url, "Pause") < allowed for _ in range(8))
    until(lambda: step_of(other) > before)
    seen = step_of(other)
    until(lambda: step_of(other) > seen)
    other.close()


def test_the_server_watches_no_files(train: Callable[[TrainConfig], Page], app: Server) -> None:
    """Watching the clone with its virtual environment took more than half of the training time."""
    train(DIGITS)
    opened = Path(f"/proc/{app.process.pid}/fdinfo")
    if not opened.exists():
        pytest.skip("only Linux lists the files that a process watches")
    assert not [file for file in opened.iterdir() if "inotify" in file.read_text()]


def test_training_continues_while_no_tab_is_open(
    train: Callable[[TrainConfig], Page], browser: Browser, app: Server
) -> None:
    page = train(DIGITS)
    start(page)
    address, before = page.url, step_of(page)
    page.goto("about:blank")
    time.sleep(10)
    fresh = browser.new_page()
    fresh.goto(address)
    expect(button(fresh, "Pause")).to_be_visible(timeout=PATIENCE)
    until(lambda: step_of(fresh) > before + 10)
    button(fresh, "Stop").click()
    expect(button(fresh, "Start")).to_be_visible(timeout=PATIENCE)
    fresh.close()


def test_stop_saves_and_resume_goes_on_from_there(train: Callable[[TrainConfig], Page]) -> None:
    page = train(DIGITS)
    start(page)
    button(page, "Stop").click()
    until(lambda: "Stopped" in progress(page))
    stopped = step_of(page)
    button(page, "Resume").click()
    until(lambda: step_of(page) > stopped, 60)


def test_points_get_the_layered_view_and_single_steps_of_each_network(train: Callable[[TrainConfig], Page]) -> None:
    page = train(RING)
    button(page, "Step").click()
    expect(page.get_by_role("img", name=re.compile("500 generated points on D's surface"))).to_be_visible(
        timeout=PATIENCE
    )
    for layer in ("latent grid", "real", "generated", "G's gradient"):
        expect(page.get_by_role("button", name=layer, exact=True)).to_be_visible(timeout=PATIENCE)
    until(lambda: step_of(page) == 1)
    button(page, "Only D").click()
    until(lambda: step_of(page) == 2)
    button(page, "Only G").click()
    until(lambda: step_of(page) == 3)


def test_a_terminated_server_saves_its_runs_first(
    serve: Callable[..., Server], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_PLAYGROUND_RUNS", str(tmp_path))
    server = serve("app.py")
    page.goto(f"{server.url}/train?{urlencode(DIGITS.to_query())}")
    expect(button(page, "Start")).to_be_visible(timeout=PATIENCE)
    start(page)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 5
    (run,) = RunStore(tmp_path).list()
    assert run.status == "stopped"
    assert RunStore(tmp_path).open(run.id).checkpoints() == [run.step]


def test_after_stop_and_resume_the_curves_show_the_whole_run(train: Callable[[TrainConfig], Page]) -> None:
    page = train(RING)
    start(page, 200)
    button(page, "Stop").click()
    expect(button(page, "Start")).to_be_visible(timeout=PATIENCE)
    button(page, "Resume").click()
    expect(button(page, "Pause")).to_be_visible(timeout=PATIENCE)
    until(lambda: step_of(page) >= 250, 60)
    ticks = page.locator(".xaxislayer-above .xtick, .xaxislayer-below .xtick").all_text_contents
    until(lambda: any(int(re.sub(r"\D", "", tick) or 0) >= 100 for tick in ticks()))
    expect(page.get_by_role("button", name="Reset zoom")).to_have_count(0)


def test_enter_activates_the_focused_element(app: Server, page: Page) -> None:
    page.goto(app.url)
    expect(page.get_by_role("button", name="Train on handwritten digits")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Compare").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/compare"), timeout=PATIENCE)

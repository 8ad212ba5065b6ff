"""How alive the Compare page is while six runs train: updates, clicks, flicker, and the work done meanwhile.

    python -m benchmarks.compare_page --seconds 10

Starts the app on a free port over a library that holds a comparison of six runs, begins it from the page and watches it
in Chromium; then the same with one run after another, for the work that side by side saves. `--at-once 6` has all six
train at the same moment, however few cores there are.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page

from benchmarks import browser
from gan_core import compare, presets
from gan_core.compare import Axis, Resources, Study, StudyStore
from tests.conftest import Server

UPDATES, REACTION, GAIN = 0.8, 300, 1.25  # wanted: a second, milliseconds in the median, times one after another

WATCH = """(milliseconds) => new Promise((resolve) => {
  const charts = findAll(document, '.js-plotly-plot'), lanes = findAll(document, '.lanes')[0];
  let updates = 0, frames = 0, last = lanes.innerText, end = performance.now() + milliseconds;
  const look = () => {
    frames += 1;
    if (lanes.innerText !== last) { updates += 1; last = lanes.innerText; }
    if (performance.now() < end) return requestAnimationFrame(look);
    resolve({ updates: updates * 1000 / milliseconds, frames, charts: charts.length,
      removed: charts.filter((chart) => !chart.isConnected).length });
  };
  look();
})"""
AXIS = """(unit) => new Promise((resolve) => {
  const chart = findAll(document, '.js-plotly-plot')[0], began = performance.now();
  const look = () => {
    if (chart.layout.xaxis.title.text === unit) return resolve(performance.now() - began);
    if (performance.now() > began + 10000) return resolve(null);
    requestAnimationFrame(look);
  };
  [...document.querySelectorAll('button')].find((button) => button.innerText.trim() === unit).click();
  look();
})"""
HOLD = """() => new Promise((resolve) => {
  const button = () => [...document.querySelectorAll('button')].find((one) => /(Pause|Resume) all/.test(one.innerText));
  const word = () => button()?.innerText.slice(0, 5), before = word(), began = performance.now();
  const look = () => {
    if (word() && word() !== before) return resolve(performance.now() - began);
    requestAnimationFrame(look);
  };
  button().click();
  look();
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="mlp-mnist")
    parser.add_argument("--seconds", type=float, default=10, help="length of each measurement")
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=0, help="runs that train at a time; 0 for what the page takes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser.served(Path(folder)) as server, browser.tab() as page:
        study = six_runs(folder, options.preset)
        together = watched(page, server, study, options.at_once, options.seconds)
        answered = [click(page, i) for i in range(options.clicks)]
        times = sorted(time for time in answered if time is not None)
        told = f"median {statistics.median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms"
        told += f", {len(answered) - len(times)} of {len(answered)} without an answer in 10 s"
        print(f"click on another axis to the chart drawn with it: {told} (wanted: median {REACTION} ms)")
        held = [hold(page) for _ in range(4)]
        print(f"click on Pause all or Resume all to the other word: median {statistics.median(held):.0f} ms")
        study.stop()
        rest(study)
        alone = watched(page, server, six_runs(folder, options.preset), 1, options.seconds)
        print(f"all runs together, page open: {together / alone:.2f} times one after another (wanted: {GAIN})")


def six_runs(folder: str, preset: str) -> Study:
    """A comparison that nobody has begun, long enough to be watched."""
    axis = Axis.of("optimizer_d.lr", [1e-4, 2e-4])
    plan = compare.comparison(title="Six", base=presets.load(preset), axes=[axis], seeds=[0, 1, 2], steps=100_000)
    study = StudyStore(folder).create(plan)
    study.pause()
    return study


def watched(page: Page, server: Server, study: Study, at_once: int, seconds: float) -> float:
    """Begin a comparison and watch it; the steps a second of all its runs together."""
    page.goto(f"{server.url}/compare?comparison={study.id}")
    page.get_by_role("button", name="Resume all").wait_for(timeout=180_000)
    if at_once:  # by this process; the page shows it all the same
        study.resume()
        compare.start(study, Resources(workers=at_once))
        page.reload()
    else:
        page.get_by_role("button", name="Resume all").click()
    page.get_by_role("button", name="Pause all").wait_for(timeout=60_000)
    page.locator(".js-plotly-plot").first.wait_for(timeout=180_000)
    page.wait_for_timeout(15_000)  # until all that train at once have begun
    before, began = steps(study), time.perf_counter()
    seen = page.evaluate(WATCH, 1000 * seconds)
    rate = (steps(study) - before) / (time.perf_counter() - began)
    training = sum(trial_status.status == "running" for trial_status in study.trial_statuses())
    print(
        f"{training} at a time: {rate:.1f} steps/s; updates {seen['updates']:.2f}/s (wanted: {UPDATES}); "
        f"charts removed {seen['removed']} of {seen['charts']}; {seen['frames'] / seconds:.0f} frames/s"
    )
    return rate


def steps(study: Study) -> int:
    return sum(trial_status.step for trial_status in study.trial_statuses())


def click(page: Page, number: int) -> float | None:
    """Milliseconds from a click on the next unit of the x axis until the chart stands on it; None after ten seconds."""
    page.wait_for_timeout(400)
    taken: float | None = page.evaluate(AXIS, ("images", "seconds", "steps")[number % 3])
    return taken


def hold(page: Page) -> float:
    """Milliseconds from a click on Pause all or Resume all until the button says the other word."""
    page.wait_for_timeout(5000)
    return float(page.evaluate(HOLD))


def rest(study: Study) -> None:
    """Wait until its workers have saved and ended."""
    while study.tended:
        time.sleep(0.2)


if __name__ == "__main__":
    main()

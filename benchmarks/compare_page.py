"""The Compare page while six runs train: update rate, click time, flicker, and steps per second.

    python -m benchmarks.compare_page --seconds 10

Starts the app on a free port with a comparison of six runs, starts the comparison on the page and observes it in
Chromium; then repeats this with one run at a time, to compare the steps per second. `--at-once 6` trains all six at the
same time, whatever the number of cores.
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

UPDATES, RESPONSE, GAIN = 0.8, 300, 1.25  # targets: updates per second, median milliseconds, speed-up

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
  const button = () => [...document.querySelectorAll('button')].find((b) => /(Pause|Resume) all/.test(b.innerText));
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
    parser.add_argument(
        "--at-once", type=int, default=0, help="runs that train at the same time; 0 for the default of the page"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser.served(Path(folder)) as server, browser.tab() as page:
        study = six_runs(folder, options.preset)
        together = observe(page, server, study, options.at_once, options.seconds)
        results = [click(page, i) for i in range(options.clicks)]
        times = sorted(time for time in results if time is not None)
        summary = f"median {statistics.median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms"
        summary += f", {len(results) - len(times)} of {len(results)} without a response in 10 s"
        print(f"click on another axis to the chart with that axis: {summary} (target: median {RESPONSE} ms)")
        pauses = [hold(page) for _ in range(4)]
        print(f"click on Pause all or Resume all to the new label: median {statistics.median(pauses):.0f} ms")
        study.stop()
        wait_until_ended(study)
        alone = observe(page, server, six_runs(folder, options.preset), 1, options.seconds)
        print(f"all runs together, page open: {together / alone:.2f} times one at a time (target: {GAIN})")


def six_runs(folder: str, preset: str) -> Study:
    """A long comparison, not yet started."""
    axis = Axis.of("optimizer_d.lr", [1e-4, 2e-4])
    plan = compare.comparison(title="Six", base=presets.load(preset), axes=[axis], seeds=[0, 1, 2], steps=100_000)
    study = StudyStore(folder).create(plan)
    study.pause()
    return study


def observe(page: Page, server: Server, study: Study, at_once: int, seconds: float) -> float:
    """Start a comparison and observe it; returns the steps per second of all its runs together."""
    page.goto(f"{server.url}/compare?comparison={study.id}")
    page.get_by_role("button", name="Resume all").wait_for(timeout=180_000)
    if at_once:  # started by this process instead of the page
        study.resume()
        compare.start(study, Resources(workers=at_once))
        page.reload()
    else:
        page.get_by_role("button", name="Resume all").click()
    page.get_by_role("button", name="Pause all").wait_for(timeout=60_000)
    page.locator(".js-plotly-plot").first.wait_for(timeout=180_000)
    page.wait_for_timeout(15_000)  # until all of them have started
    before, started = steps(study), time.perf_counter()
    counts = page.evaluate(WATCH, 1000 * seconds)
    rate = (steps(study) - before) / (time.perf_counter() - started)
    training = sum(trial.status == "running" for trial in study.trial_statuses())
    print(
        f"{training} at a time: {rate:.1f} steps/s; updates {counts['updates']:.2f}/s (target: {UPDATES}); "
        f"charts removed {counts['removed']} of {counts['charts']}; {counts['frames'] / seconds:.0f} frames/s"
    )
    return rate


def steps(study: Study) -> int:
    return sum(trial_status.step for trial_status in study.trial_statuses())


def click(page: Page, number: int) -> float | None:
    """Milliseconds from a click on the next unit of the x axis until the chart has it; None after ten seconds."""
    page.wait_for_timeout(400)
    milliseconds: float | None = page.evaluate(AXIS, ("images", "seconds", "steps")[number % 3])
    return milliseconds


def hold(page: Page) -> float:
    """Milliseconds from a click on Pause all or Resume all until the label of the button changes."""
    page.wait_for_timeout(5000)
    return float(page.evaluate(HOLD))


def wait_until_ended(study: Study) -> None:
    """Wait until the workers of the study have saved and ended."""
    while study.is_running:
        time.sleep(0.2)


if __name__ == "__main__":
    main()

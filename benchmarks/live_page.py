"""The Train page while a run trains: update rate, click time, flicker, and how much a viewer slows training down.

    python -m benchmarks.live_page --seconds 10

Starts the app on a free port, trains `mnist-quick` in it and opens it in Chromium. To measure the cost of a viewer,
the page is opened and closed in turn, because the speed of a shared core can halve for a minute: only neighbouring
measurements are compared.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import Page

from benchmarks import browser

WATCH = """(milliseconds) => new Promise((resolve) => {
  const charts = findAll(document, '.js-plotly-plot'), canvas = findAll(document, 'canvas[role=img]')[0];
  const text = () => document.querySelector('[data-testid=stProgress]').innerText;
  let updates = 0, blank = 0, frames = 0, last = text(), end = performance.now() + milliseconds;
  const look = () => {
    frames += 1;
    const now = text();
    if (now !== last) { updates += 1; last = now; }
    const pixels = canvas.getContext('2d').getImageData(canvas.width / 2 - 30, canvas.height / 2 - 30, 60, 60).data;
    if (pixels.every((value) => value === 0)) blank += 1;
    if (performance.now() < end) return requestAnimationFrame(look);
    resolve({ updates: updates * 1000 / milliseconds, frames, blank,
      removed: charts.filter((chart) => !chart.isConnected).length, charts: charts.length });
  };
  look();
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="length of each measurement")
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=6, help="measurements without a viewer")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser.served(Path(folder)) as server, browser.tab() as page:
        browser.train(page, server.url)
        page.wait_for_timeout(5000)
        _, counts = rate(page, options.seconds)
        print(f"updates {counts['updates']:.2f}/s; charts removed {counts['removed']} of {counts['charts']}; "
              f"blank grid frames {counts['blank']} of {counts['frames']}")  # fmt: skip
        times = sorted(click(page) for _ in range(options.clicks))
        print(
            f"click to response: median {statistics.median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms"
        )
        resume(page)
        without, around = list[float](), [rate(page, options.seconds)[0]]
        for _ in range(options.rounds):
            without.append(rate_without_viewer(page, options.seconds))
            around.append(rate(page, options.seconds)[0])
        kept = [statistics.mean(pair) / single for pair, single in zip(pairwise(around), without, strict=True)]
        print(
            f"steps/s with a viewer {statistics.median(around):.1f}, without {statistics.median(without):.1f}; "
            f"training keeps {statistics.median(kept):.0%} ({min(kept):.0%} to {max(kept):.0%} in {len(kept)} rounds)"
        )


def step(page: Page) -> int:
    text = page.get_by_test_id("stProgress").inner_text(timeout=60_000)
    found = re.search(r"step ([\d,]+) of", text)
    return int(found[1].replace(",", "")) if found else 0


def rate(page: Page, seconds: float) -> tuple[float, dict[str, float]]:
    """Steps per second while the page is open, and the counts of `WATCH`."""
    before, started = step(page), time.perf_counter()
    counts = page.evaluate(WATCH, 1000 * seconds)
    return (step(page) - before) / (time.perf_counter() - started), counts


CLICK = """() => new Promise((resolve) => {
  const find = () => [...document.querySelectorAll('button')].find((button) => /Pause|Resume/.test(button.innerText));
  const before = find().innerText, began = performance.now();
  const look = () => {
    const after = find();
    if (after && after.innerText !== before && !after.disabled) return resolve(performance.now() - began);
    requestAnimationFrame(look);
  };
  find().click();
  look();
})"""


def click(page: Page) -> float:
    """Milliseconds from a click on Pause or Resume until the label of the button changes."""
    page.wait_for_timeout(400)
    return float(page.evaluate(CLICK))


def resume(page: Page) -> None:
    if page.get_by_role("button", name=re.compile("^Resume")).count():
        page.get_by_role("button", name=re.compile("^Resume")).click()
    page.wait_for_timeout(1000)


def rate_without_viewer(page: Page, seconds: float) -> float:
    """Steps per second while no page is open."""
    address = page.url
    before, started = step(page), time.perf_counter()
    page.goto("about:blank")
    page.wait_for_timeout(3000 + 1000 * seconds)
    page.goto(address)
    page.get_by_role("button", name=re.compile("^Pause")).wait_for(timeout=60_000)
    while not (after := step(page)):
        page.wait_for_timeout(100)
    result = (after - before) / (time.perf_counter() - started)
    page.locator("canvas[role=img]").first.wait_for(timeout=60_000)
    page.wait_for_timeout(2000)  # until the page is complete
    return result


if __name__ == "__main__":
    main()

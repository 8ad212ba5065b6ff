"""Memory of the server and of the page, update rate and click time during hours of use.

    python -m benchmarks.soak --minutes 60 --out soak

Two sessions train in one server while a browser visits the pages in turn. Writes one row per round to OUT.csv and
curves to OUT.html. Exits with status 1 if the server's memory has grown by 5 % or the page's memory by 10 %. Growth
is measured from the median of the second fifth of the time, when everything is loaded, to the median of the last fifth.
"""

from __future__ import annotations

import argparse
import csv
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import psutil
from playwright.sync_api import Page
from plotly.subplots import make_subplots

from benchmarks import browser
from gan_core import presets
from tests.conftest import Server

COLUMNS = ("seconds", "server_mb", "page_mb", "updates_per_second", "click_ms")
TITLES = ("server memory, MB", "page memory, MB", "updates per second", "click to response, ms")
MAX_SERVER_GROWTH, MAX_PAGE_GROWTH = 0.05, 0.10
WATCHED = 5.0  # seconds per round in which updates of the Train page are counted
COUNT = """(milliseconds) => new Promise((resolve) => {
  const text = () => document.querySelector('[data-testid=stProgress]')?.innerText;
  let updates = 0, last = text();
  const timer = setInterval(() => { const now = text(); if (now !== last) { updates += 1; last = now; } }, 20);
  setTimeout(() => { clearInterval(timer); resolve(updates * 1000 / milliseconds); }, milliseconds);
})"""


def begin(page: Page, url: str, preset: str) -> str:
    """Start a long session and return its address."""
    config = presets.load(preset).with_values({"max_steps": 100_000_000, "record.frame_every": 500})
    page.goto(f"{url}/train?{urlencode(config.to_query())}")
    page.get_by_role("button", name=re.compile("^Start")).click(timeout=180_000)
    page.get_by_role("progressbar").wait_for(timeout=180_000)
    page.wait_for_url(re.compile("session="), timeout=180_000)
    return page.url


def round_of(page: Page, sessions: Sequence[str], number: int) -> tuple[float, float, float]:
    """Visit all pages by their links; then measure the page's memory, updates per second and milliseconds per click."""
    for name in ("Home", "Latent", "Compare", "Runs", "Train"):
        page.get_by_role("link", name=name).first.click()
        page.wait_for_timeout(1500)
    if number % 5 == 0:  # reload now and then, as users do
        page.goto(sessions[number // 5 % len(sessions)])
    page.get_by_role("progressbar").wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    updates = page.evaluate(COUNT, WATCHED * 1000)
    click = click_time(page)
    client = page.context.new_cdp_session(page)
    client.send("HeapProfiler.collectGarbage")
    heap = client.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    client.detach()
    return heap, updates, click


def click_time(page: Page) -> float:
    """Milliseconds from a click on Pause until the Resume button appears; then resumes training."""
    page.get_by_role("button", name=re.compile("^Pause")).click(timeout=30_000)
    started = time.perf_counter()
    page.get_by_role("button", name=re.compile("^Resume")).wait_for(timeout=30_000)
    took = 1000 * (time.perf_counter() - started)
    page.get_by_role("button", name=re.compile("^Resume")).click(timeout=30_000)
    return took


def growth(values: Sequence[float]) -> float:
    """Relative growth of the median, from the second fifth to the last fifth; 0 for fewer than five values."""
    fifth = len(values) // 5
    if not fifth:
        return 0.0
    return statistics.median(values[-fifth:]) / statistics.median(values[fifth : 2 * fifth]) - 1


def draw(rows: Sequence[Sequence[float]], file: Path) -> None:
    """Draw a curve for each column over time."""
    figure = make_subplots(rows=len(TITLES), cols=1, shared_xaxes=True, subplot_titles=TITLES)
    minutes = [row[0] / 60 for row in rows]
    for i in range(1, len(COLUMNS)):
        figure.add_scatter(x=minutes, y=[row[i] for row in rows], row=i, col=1, showlegend=False)
        figure.update_yaxes(rangemode="tozero", row=i, col=1)
    figure.update_xaxes(title_text="minutes", row=len(TITLES), col=1)
    figure.update_layout(height=900, title_text="Two sessions and a browser")
    figure.write_html(file, include_plotlyjs=True)


def measure(server: Server, minutes: float, out: Path) -> list[list[float]]:
    """Train and measure for `minutes`; each row is written to the CSV file at once."""
    process, rows = psutil.Process(server.process.pid), list[list[float]]()
    with browser.tab() as page, out.with_suffix(".csv").open("w", newline="", encoding="ascii") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        sessions = [begin(page, server.url, preset) for preset in ("ring8", "mnist-quick")]
        started = time.monotonic()
        while (now := time.monotonic() - started) < 60 * minutes:
            measured = round_of(page, sessions, len(rows))
            rows.append([now, process.memory_info().rss / 1e6, *measured])
            writer.writerow([f"{value:.2f}" for value in rows[-1]])
            file.flush()
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, default=Path("soak"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser.served(Path(folder)) as server:
        rows = measure(server, options.minutes, options.out)
    draw(rows, options.out.with_suffix(".html"))
    grown = [growth([row[i] for row in rows]) for i in range(1, len(COLUMNS))]
    for title, change in zip(TITLES, grown, strict=True):
        print(f"{title}: {change:+.1%} over {len(rows)} rounds")
    return 0 if grown[0] < MAX_SERVER_GROWTH and grown[1] < MAX_PAGE_GROWTH else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Memory of the server during hours of use of all pages.

    python -m benchmarks.soak --minutes 60 --out soak

The robot of `benchmarks.robot` presses everything, in every state of the app: sessions train, pause, fail and end,
comparisons run, models are explored, runs are deleted and imported, and pages are reloaded. It prints each press and
fault. Each minute it prints the resident memory of the server and of the page's scripts, and writes them to OUT.csv
and, as curves, to OUT.html. Exits with status 1 if the server exceeded 1.5 GB, or grew by 5 % or more in the last half
of the time. Experiments that need more than 300 MB for their networks are left before they start: that memory is what
a person asked for.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import psutil
from plotly.subplots import make_subplots

from benchmarks import browser
from gan_core.config import ConfigError, TrainConfig
from gan_core.training.memory_estimate import estimate_memory
from tests.conftest import ROOT, Server
from tests.support.robot import states
from tests.support.robot.robot import Robot

COLUMNS = ("minutes", "server_mb", "page_mb", "presses")
TITLES = ("server memory, MB", "page memory, MB", "presses")
MOST_MB, MOST_GROWTH = 1500, 0.05
LARGEST_MB = 300  # for the networks of an experiment
EVERY = 60.0  # seconds between two rows


def growth(minutes: Sequence[float], megabytes: Sequence[float]) -> tuple[float, float]:
    """The line through the last half of the values: MB a minute, and the share by which it rises in that half."""
    half = len(minutes) // 2
    if len(minutes) - half < 2:
        return 0.0, 0.0
    slope, start = np.polyfit(minutes[half:], megabytes[half:], 1)
    begin = start + slope * minutes[half]
    return float(slope), float(slope * (minutes[-1] - minutes[half]) / begin)


def draw(rows: Sequence[Sequence[float]], file: Path) -> None:
    """Draw a curve for each column over time."""
    figure = make_subplots(rows=len(TITLES), cols=1, shared_xaxes=True, subplot_titles=TITLES)
    for i in range(1, len(COLUMNS)):
        figure.add_scatter(x=[row[0] for row in rows], y=[row[i] for row in rows], row=i, col=1, showlegend=False)
        figure.update_yaxes(rangemode="tozero", row=i, col=1)
    figure.update_xaxes(title_text="minutes", row=len(TITLES), col=1)
    figure.update_layout(height=900, title_text="A robot on all pages")
    figure.write_html(file, include_plotlyjs=True)


def leave_if_large(robot: Robot) -> None:
    """Replace the experiment of the Train page, which its URL holds, if its networks need too much memory."""
    values = {key: value for key, value in parse_qsl(urlsplit(robot.page.url).query) if key != "session"}
    with suppress(ConfigError):
        if robot.where() == "train" and estimate_memory(TrainConfig.from_query(values)) > LARGEST_MB * 1e6:
            robot.open("train?preset=ring8")


def measure(server: Server, minutes: float, seed: int, out: Path) -> list[list[float]]:
    """Press for `minutes`; each row is printed and written to the CSV file at once."""
    process, rows = psutil.Process(server.process.pid), list[list[float]]()
    with browser.tab() as page, out.with_suffix(".csv").open("w", newline="", encoding="ascii") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        started = time.monotonic()
        robot = Robot(page, server.url, server.log, out.parent, seed, tell=partial(print, flush=True))

        def note() -> None:
            leave_if_large(robot)
            now = time.monotonic() - started
            if now < EVERY * (len(rows) + 1):
                return
            page_mb = page.evaluate("performance.memory.usedJSHeapSize / 1e6")
            rows.append([now / 60, process.memory_info().rss / 1e6, page_mb, robot.count])
            writer.writerow([f"{value:.2f}" for value in rows[-1]])
            file.flush()
            print(", ".join(f"{name} {value:.0f}" for name, value in zip(COLUMNS, rows[-1], strict=True)), flush=True)

        states.walk(robot, seconds=60 * minutes, after_press=note)
    print(f"{len(robot.faults)} faults")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--app", type=Path, default=ROOT, help="folder of the app")
    parser.add_argument("--out", type=Path, default=Path("soak"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, browser.served(Path(folder), options.app) as server:
        rows = measure(server, options.minutes, options.seed, options.out.resolve())
    draw(rows, options.out.with_suffix(".html"))
    minutes, megabytes = zip(*(row[:2] for row in rows), strict=True)
    slope, share = growth(minutes, megabytes)
    print(f"at most {max(megabytes):.0f} MB; in the last half {slope:+.2f} MB a minute, {share:+.1%}")
    return 0 if max(megabytes) < MOST_MB and share < MOST_GROWTH else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Startup times: imports, the server, the Home page for its first visitor, then the Train page.

    python -m benchmarks.startup --rounds 5

Each round starts a new server, opens Home in a running Chromium as soon as the server is ready, and Train once Home has
loaded torch. Times are measured from the request of the page to the frame that shows all expected texts, with an empty
cache. Each import runs in a new process. Run it on an idle machine.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import timing

IMPORTS = {"Python alone": "pass", "import gan_core": "import gan_core", "import torch": "import torch"}
HOME = "Home: headline and all cards"
TRAIN = "Train, torch loaded: form and Start"
TARGETS = {HOME: 3.0, TRAIN: 2.0}  # seconds on two cores

# Resolves in the frame that shows all texts, with the milliseconds since the request of the page.
SHOWN = """(texts) => new Promise((resolve) => {
  const look = () => {
    const shown = document.body ? document.body.innerText : '';
    if (texts.every((text) => shown.includes(text))) resolve(performance.now());
    else requestAnimationFrame(look);
  };
  look();
})"""


def imports(rounds: int) -> list[timing.Row]:
    """One row per import, each in a new process."""
    works: dict[str, Callable[[], object]] = {
        name: partial(subprocess.run, [sys.executable, "-c", script], check=True) for name, script in IMPORTS.items()
    }
    return _rows(timing.in_turns(works, rounds))


def pages(rounds: int) -> list[timing.Row]:
    """One row per part of the app that the first visitor waits for."""
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, seconds in _visit():
            times.setdefault(name, []).append(seconds)
    return _rows(times)


def _visit() -> Iterator[tuple[str, float]]:
    """Start a server and open its pages; yields the name of each part and the seconds until it was visible."""
    from benchmarks import browser  # needs playwright, which `imports` does not
    from gan_core import presets
    from ui.home.gallery import takes_hours

    cards = [preset.title for preset in map(presets.get, presets.names()) if not takes_hours(preset)]
    with tempfile.TemporaryDirectory() as folder, browser.tab() as page:
        started = time.perf_counter()
        with browser.served(Path(folder)) as server:
            yield "app start to server ready", time.perf_counter() - started
            for address, expected in (
                (
                    "",
                    {"Home: headline": ["Two networks play a game"], HOME: cards, "Home: torch": ["Training runs on"]},
                ),
                ("/train", {TRAIN: ["Start", "Batch size", "All settings"]}),
                ("/train", {"Train, opened again": ["Start", "Batch size", "All settings"]}),
            ):
                page.goto(server.url + address, wait_until="commit")
                for name, texts in expected.items():
                    yield name, page.evaluate(SHOWN, texts) / 1000
                page.wait_for_timeout(1000)


def _rows(times: dict[str, list[float]]) -> list[timing.Row]:
    return [
        {
            "until": name,
            "s": median(seconds),
            "spread, s": timing.spread(seconds),
            "target, s": TARGETS.get(name),
        }
        for name, seconds in times.items()
    ]


def main() -> None:
    parser = timing.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="new processes and new servers")
    parser.add_argument("--no-pages", action="store_true", help="measure imports only, without a browser")
    options = parser.parse_args()
    rows = imports(options.rounds) + ([] if options.no_pages else pages(options.rounds))
    timing.report(options, startup=rows)


if __name__ == "__main__":
    main()

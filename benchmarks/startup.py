"""How long until there is something to see: imports, the server, Home for its first visitor, then Train.

    python -m benchmarks.startup --rounds 5

Every round starts a server of its own, opens Home in a waiting Chromium the moment that the server is ready, and Train
once Home has loaded torch. Times count from asking for the page to the frame in which all that is waited for is drawn,
with an empty cache. Imports are those of fresh processes. To be run on a quiet machine.
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
WANTED = {HOME: 3.0, TRAIN: 2.0}  # seconds on two cores

# Resolves in the frame that shows all of the texts, with the milliseconds since the page was asked for.
SHOWN = """(texts) => new Promise((resolve) => {
  const look = () => {
    const shown = document.body ? document.body.innerText : '';
    if (texts.every((text) => shown.includes(text))) resolve(performance.now());
    else requestAnimationFrame(look);
  };
  look();
})"""


def imports(rounds: int) -> list[timing.Row]:
    """A row for each import, each in a fresh process."""
    works: dict[str, Callable[[], object]] = {
        name: partial(subprocess.run, [sys.executable, "-c", script], check=True) for name, script in IMPORTS.items()
    }
    return _rows(timing.in_turns(works, rounds))


def pages(rounds: int) -> list[timing.Row]:
    """A row for each thing that the first visitor of a server waits for."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, seconds in _visit():
            taken.setdefault(name, []).append(seconds)
    return _rows(taken)


def _visit() -> Iterator[tuple[str, float]]:
    """Start a server and look at its pages; what was waited for, with the seconds that it took."""
    from benchmarks import browser  # needs playwright, which imports do without
    from gan_core import presets

    cards = [presets.get(name).title for name in presets.names()]
    with tempfile.TemporaryDirectory() as folder, browser.tab() as page:
        began = time.perf_counter()
        with browser.served(Path(folder)) as server:
            yield "app start to server ready", time.perf_counter() - began
            for address, waited_for in (
                (
                    "",
                    {"Home: headline": ["Two networks play a game"], HOME: cards, "Home: torch": ["Training runs on"]},
                ),
                ("/train", {TRAIN: ["Start", "Batch size", "All settings"]}),
                ("/train", {"Train, opened again": ["Start", "Batch size", "All settings"]}),
            ):
                page.goto(server.url + address, wait_until="commit")
                for name, texts in waited_for.items():
                    yield name, page.evaluate(SHOWN, texts) / 1000
                page.wait_for_timeout(1000)


def _rows(taken: dict[str, list[float]]) -> list[timing.Row]:
    return [
        {
            "until": name,
            "s": median(seconds),
            "spread, s": timing.spread(seconds),
            "wanted, s": WANTED.get(name),
        }
        for name, seconds in taken.items()
    ]


def main() -> None:
    parser = timing.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="fresh processes, and fresh servers")
    parser.add_argument("--no-pages", action="store_true", help="only imports, which need no browser")
    options = parser.parse_args()
    rows = imports(options.rounds) + ([] if options.no_pages else pages(options.rounds))
    timing.report(options, startup=rows)


if __name__ == "__main__":
    main()

"""What the benchmarks of pages share: the app on a free port, a tab of Chromium to look at it, a run begun in it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, sync_playwright

from gan_core import presets
from tests.conftest import QUIET, Server

# For scripts that run in a page: all elements that match, within components too.
_FIND_ALL = """window.findAll = (root, selector) => [...root.querySelectorAll('*')].flatMap((node) =>
  [...(node.matches(selector) ? [node] : []), ...(node.shadowRoot ? findAll(node.shadowRoot, selector) : [])]);"""


@contextmanager
def served(library: Path) -> Iterator[Server]:
    """The app, ready to answer, over a library of runs; it is given time to save when it ends."""
    os.environ["GAN_PLAYGROUND_RUNS"] = str(library)
    server = Server(Path("app.py"), library / "log.txt")
    try:
        yield server.wait(180)
    finally:
        server.stop(120)


@contextmanager
def tab() -> Iterator[Page]:
    """An empty page of a laptop's size, in a browser of its own; scripts have `findAll` there."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(_FIND_ALL)
        yield page
        browser.close()


def train(page: Page, url: str, preset: str = "mnist-quick", steps: int = 1_000_000) -> None:
    """Begin a run that lasts, from the Train page; returns once its first losses are drawn."""
    config = presets.load(preset).with_values({"max_steps": steps, "record.frame_every": 1000})
    page.goto(f"{url}/train?{urlencode(config.to_query())}")
    page.get_by_role("button", name=re.compile("^Start")).click(timeout=180_000)
    page.get_by_role("img", name=re.compile("^Loss at step")).wait_for(timeout=180_000)

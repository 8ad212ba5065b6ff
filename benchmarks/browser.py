"""Helpers of the page benchmarks: the app on a free port, a tab of Chromium, and a run started in it."""

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
from tests.conftest import QUIET, ROOT, Server

# For scripts in a page: all elements that match a selector, also within components.
_FIND_ALL = """window.findAll = (root, selector) => [...root.querySelectorAll('*')].flatMap((node) =>
  [...(node.matches(selector) ? [node] : []), ...(node.shadowRoot ? findAll(node.shadowRoot, selector) : [])]);"""


@contextmanager
def served(library: Path, folder: Path = ROOT) -> Iterator[Server]:
    """The app in `folder` with a library of runs, once it responds. At the end it has two minutes to save."""
    os.environ["GAN_PLAYGROUND_RUNS"] = str(library)
    server = Server(Path("app.py"), library / "log.txt", root=folder.resolve())
    try:
        yield server.wait(180)
    finally:
        server.stop(120)


@contextmanager
def tab() -> Iterator[Page]:
    """An empty page in a new browser with a window of laptop size. Scripts in it can call `findAll`."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*QUIET, "--enable-precise-memory-info"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(_FIND_ALL)
        yield page
        browser.close()


def train(page: Page, url: str, preset: str = "mnist-quick", steps: int = 1_000_000) -> None:
    """Start a long run on the Train page, and return once its first losses are drawn."""
    config = presets.load(preset).with_values({"max_steps": steps, "record.frame_every": 1000})
    page.goto(f"{url}/train?{urlencode(config.to_query())}")
    page.get_by_role("button", name=re.compile("^Start")).click(timeout=180_000)
    page.get_by_role("img", name=re.compile("^Loss at step")).wait_for(timeout=180_000)

"""One server, with a library of small runs, and one browser page for all tests of the Latent page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gan_core import presets
from gan_core.runs import RunStore
from tests.conftest import Server
from tests.support.saved_run import saved_run
from tests.support.small import DIGITS, POINTS
from tests.support.waiting import until

PATIENCE = 60_000  # milliseconds; the first page waits for torch to load on a busy machine
FEW = {"data.count": 400, "generator.width": 8, "discriminator.width": 8, "ema_decay": 0.9}


@pytest.fixture(scope="package")
def library(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return RunStore(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="package")
def runs(library: RunStore) -> dict[str, str]:
    """The ids of new runs of three steps with three checkpoints."""
    configs = {
        "digits": (DIGITS.with_values(FEW), "Small digits"),
        "sister": (DIGITS.with_values(FEW | {"seed": 1}), "Sister"),
        "classes": (DIGITS.with_values(FEW | {"condition.name": "projection"}), "Classes"),
        "points": (POINTS, "Small ring"),
        "style": (presets.load("style-mnist").with_values({"data.count": 200}), "Style"),
    }
    return {key: saved_run(library, *named, save_at=(1, 2, 3))[0].id for key, named in configs.items()}


@pytest.fixture(scope="package")
def app(serve: Callable[..., Server], library: RunStore, runs: dict[str, str]) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_PLAYGROUND_RUNS", str(library.root))
        server = serve("app.py")
    yield server
    server.stop()


@pytest.fixture(scope="package")
def shared(browser: Browser) -> Page:
    return browser.new_page(viewport={"width": 1440, "height": 900})


@pytest.fixture
def latent(app: Server, shared: Page, runs: dict[str, str]) -> Iterator[Callable[..., Page]]:
    """Opens the page at a run; fails the test if the page had an error."""
    errors: list[str] = []
    shared.on("pageerror", lambda error: errors.append(str(error)))

    def open_at(run: str, **query: str) -> Page:
        shared.goto(f"{app.url}/latent?{urlencode({'run': runs[run], 'seed': '5'} | query)}")
        expect(shared.locator("canvas").first).to_be_visible(timeout=PATIENCE)
        settled(shared)
        return shared

    yield open_at
    assert not errors
    assert shared.get_by_test_id("stException").count() == 0


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)


def canvas(page: Page, label: str) -> Locator:
    return page.get_by_role("img", name=re.compile(label))


def pixels(page: Page, label: str = "current picture") -> str:
    data: str = canvas(page, label).first.evaluate("canvas => canvas.toDataURL()")
    return data


def slider(page: Page, name: str = "PC 1") -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def changed(page: Page, before: str) -> None:
    until(lambda: pixels(page) != before)


def click_cell(page: Page, label: str, index: int, columns: int, rows: int = 1) -> None:
    """Click one picture of a grid."""
    target = canvas(page, label).first
    expect(target).to_be_visible(timeout=PATIENCE)
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    x, y = (index % columns + 0.5) / columns * box["width"], (index // columns + 0.5) / rows * box["height"]
    target.click(position={"x": x, "y": y})

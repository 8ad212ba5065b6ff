"""How much many viewers slow training down: steps per second of one session without viewers and with twenty tabs.

    python -m benchmarks.viewers --viewers 20 --rounds 20

Starts the app on a free port and trains `mnist-quick` in it. A viewer speaks Streamlit's protocol over a web
socket and refreshes as a tab does, but draws nothing, so that the server gets the cores of the machine. The viewers
alternate between viewing and not viewing every few seconds, because the speed of a shared core can halve for a minute:
only neighbouring measurements are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import tempfile
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from statistics import mean, quantiles
from urllib.parse import urlencode

import websockets
from playwright.async_api import async_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.typing import Origin, Subprotocol

from benchmarks import browser as pages
from gan_core import presets
from gan_core.training.history import COLUMNS, last_row
from tests.conftest import QUIET, Server


class Viewer:
    """A tab without a browser."""

    def __init__(self, url: str, query: str) -> None:
        self.url, self.query = url, query
        self.updates = 0  # completed refreshes
        self.viewing = True  # False: the connection stays open without refreshes
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._page = ""

    async def view(self) -> None:
        """Open the page and refresh it until cancelled."""
        address = self.url.replace("http", "ws", 1) + "/_stcore/stream"
        async with websockets.connect(
            address, origin=Origin(self.url), subprotocols=[Subprotocol("streamlit")], max_size=None
        ) as self.socket:
            await self._rerun()
            async for content in self.socket:
                await self._receive(ForwardMsg.FromString(content))

    async def _receive(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            fragment = message.auto_rerun.fragment_id
            if fragment not in self._timers:
                self._timers[fragment] = asyncio.create_task(self._refresh(fragment, message.auto_rerun.interval))
        elif kind == "stop_auto_rerun":
            self._stop()
        elif kind == "script_finished":
            self.updates += message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY

    async def _refresh(self, fragment: str, interval: float) -> None:
        with suppress(websockets.ConnectionClosed):  # a busy server closes connections
            while True:
                await asyncio.sleep(interval)
                if self.viewing:
                    await self._rerun(fragment)

    async def _rerun(self, fragment: str = "") -> None:
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = "train"
        message.rerun_script.page_script_hash = self._page
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = bool(fragment)
        await self.socket.send(message.SerializeToString())

    def _stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


async def start_session(url: str) -> str:
    """Start the session with a real browser, close the browser, and return the query of the session's address."""
    config = presets.load("mnist-quick").with_values({"max_steps": 1_000_000, "record.frame_every": 1000})
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        page = await browser.new_page()
        await page.goto(f"{url}/train?{urlencode(config.to_query())}")
        await page.get_by_role("button", name=re.compile("^Start")).click(timeout=180_000)
        await page.get_by_role("img", name=re.compile("^Loss at step")).wait_for(timeout=180_000)
        query = page.url.partition("?")[2]
        await browser.close()
    return query


async def steps_per_second(metrics: Path, seconds: float) -> float:
    """Steps per second of wall-clock time, from the last row and the modification time of the run's table."""
    start, first = metrics.stat().st_mtime, last_row(metrics)
    await asyncio.sleep(seconds)
    took, last = metrics.stat().st_mtime - start, last_row(metrics)
    assert first is not None
    assert last is not None
    step = COLUMNS.index("step")
    return (last[step] - first[step]) / took


async def compare(server: Server, library: Path, viewers: int, seconds: float, rounds: int) -> None:
    """Print the rates with viewers, as shares of the mean of the rates without viewers before and after."""
    query = await start_session(server.url)
    (run,) = library.glob("*/metrics.csv")
    tabs = [Viewer(server.url, query) for _ in range(viewers)]
    tasks = [asyncio.create_task(tab.view()) for tab in tabs]
    await asyncio.sleep(30)  # until all pages are loaded and have adapted their refresh interval
    updates = sum(tab.updates for tab in tabs)
    without, viewed = list[float](), list[float]()
    for _ in range(rounds):
        for viewing, rates in ((False, without), (True, viewed)):
            for tab in tabs:
                tab.viewing = viewing
            rates.append(await steps_per_second(run, seconds))
    refreshes = (sum(tab.updates for tab in tabs) - updates) / (rounds * seconds) / max(1, viewers)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    kept = [rate / mean(around) for rate, around in zip(viewed, pairwise(without), strict=False)]
    low, middle, high = quantiles(kept, n=4)
    print("without viewers, steps/s:", *(f"{rate:.1f}" for rate in without))
    print("with viewers, steps/s:   ", *(f"{rate:.1f}" for rate in viewed))
    print(f"{refreshes:.2f} refreshes/s of each of {viewers} viewers")
    print(
        f"training keeps {middle:.0%} of its steps/s (quartiles of {len(kept)} rounds {low:.0%} to {high:.0%}; "
        f"all rounds together {sum(viewed) / sum(without):.0%})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=6, help="length of each measurement")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, pages.served(Path(folder)) as server:
        asyncio.run(compare(server, Path(folder), options.viewers, options.seconds, options.rounds))


if __name__ == "__main__":
    main()

"""What many viewers cost training: steps a second of one session, unwatched, and with twenty tabs open on it.

    python -m benchmarks.viewers --viewers 20 --rounds 20

Starts the app on a free port and trains `mnist-quick` in it. The viewers are light: they speak Streamlit's own protocol
over web sockets and refresh as a tab does, but draw nothing, so that the machine's cores go to the server. They look
and look away in turn, every few seconds, since a shared core may be half as fast for a minute: only neighbours compare.
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


class LiveModel:
    """A tab without a browser."""

    def __init__(self, url: str, query: str) -> None:
        self.url, self.query = url, query
        self.updates = 0  # refreshes that the server has answered in full
        self.looking = True  # else the page stays open and asks for nothing
        self._timers: dict[str, asyncio.Task[None]] = {}
        self._page = ""

    async def look(self) -> None:
        """Open the page and keep it fresh until cancelled."""
        address = self.url.replace("http", "ws", 1) + "/_stcore/stream"
        async with websockets.connect(
            address, origin=Origin(self.url), subprotocols=[Subprotocol("streamlit")], max_size=None
        ) as self.socket:
            await self._rerun()
            async for content in self.socket:
                await self._take(ForwardMsg.FromString(content))

    async def _take(self, message: ForwardMsg) -> None:
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
        with suppress(websockets.ConnectionClosed):  # a server too busy to answer drops its viewers
            while True:
                await asyncio.sleep(interval)
                if self.looking:
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


async def started(url: str) -> str:
    """Start the session with a real browser, which is then closed; the query under which tabs find it."""
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


async def measured(metrics: Path, seconds: float) -> float:
    """Steps a second of wall clock, by what the run's table holds when it was written last."""
    began, first = metrics.stat().st_mtime, last_row(metrics)
    await asyncio.sleep(seconds)
    took, last = metrics.stat().st_mtime - began, last_row(metrics)
    assert first is not None
    assert last is not None
    step = COLUMNS.index("step")
    return (last[step] - first[step]) / took


async def compared(server: Server, library: Path, viewers: int, seconds: float, rounds: int) -> None:
    """Print the rates while viewers look, and what share that is of the mean of just before and just after."""
    query = await started(server.url)
    (run,) = library.glob("*/metrics.csv")
    tabs = [LiveModel(server.url, query) for _ in range(viewers)]
    tasks = [asyncio.create_task(tab.look()) for tab in tabs]
    await asyncio.sleep(30)  # all pages are drawn, and each keeps to the pace of so many
    updates = sum(tab.updates for tab in tabs)
    unwatched, watched = list[float](), list[float]()
    for _ in range(rounds):
        for looking, rates in ((False, unwatched), (True, watched)):
            for tab in tabs:
                tab.looking = looking
            rates.append(await measured(run, seconds))
    refreshes = (sum(tab.updates for tab in tabs) - updates) / (rounds * seconds) / max(1, viewers)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    kept = [seen / mean(around) for seen, around in zip(watched, pairwise(unwatched), strict=False)]
    low, middle, high = quantiles(kept, n=4)
    print("unwatched, steps/s:", *(f"{rate:.1f}" for rate in unwatched))
    print("watched, steps/s:  ", *(f"{rate:.1f}" for rate in watched))
    print(f"{refreshes:.2f} refreshes/s of each of {viewers} viewers while they look")
    print(
        f"training keeps {middle:.0%} of its steps/s (middle half of {len(kept)} rounds {low:.0%} to {high:.0%}; "
        f"all steps together {sum(watched) / sum(unwatched):.0%})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=6, help="how long they look, and look away")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, pages.served(Path(folder)) as server:
        asyncio.run(compared(server, Path(folder), options.viewers, options.seconds, options.rounds))


if __name__ == "__main__":
    main()

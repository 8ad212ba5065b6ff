"""What the web server does for the whole app: plotly.js, pictures, uploads, the headers of its answers, and its end."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gan_core.system.allocator import keep_little_freed_memory
from gan_core.system.signals import ending_signals, mute_closed_terminal
from ui import addresses, uploading

GAME = Path(__file__).parent / "components" / "game_pictures"  # the pictures of Home

# A foreign page that shows the app in a frame could lead a visitor to click Start without seeing it.
_NO_FOREIGN_FRAMES = {"Content-Security-Policy": "frame-ancestors 'self'", "X-Frame-Options": "SAMEORIGIN"}


def parts() -> dict[str, Any]:
    """The arguments of `st.App` after the script. The server calls this once, before it starts threads."""
    keep_little_freed_memory()
    plotly = str(distribution("plotly").locate_file("plotly/package_data"))
    return {
        "lifespan": _closing,
        "routes": [
            Mount(plotly_folder(), StaticFiles(directory=plotly)),
            Mount(game_folder(), StaticFiles(directory=GAME)),
            uploading.route(),
        ],
        "middleware": [Middleware(_NoForeignFrames)],
    }


def plotly_folder() -> str:
    """The URL path of the folder of plotly.min.js. Its version keeps a browser from using a cached older file."""
    return addresses.path(f"plotly-{version('plotly')}")


def game_folder() -> str:
    """The URL path of the folder of Home's pictures."""
    return addresses.path("game")


class _NoForeignFrames:
    """Middleware that tells browsers not to show the app in a frame of a foreign page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_NO_FOREIGN_FRAMES)
            await send(message)

        await self._app(scope, receive, send_with_headers)


@asynccontextmanager
async def _closing(app: object) -> AsyncIterator[None]:
    """Close the session pool when the server ends, and let the process end normally after a signal.

    Uvicorn ends the server on a signal and then raises the signal again, which would kill the process before Python
    has called the functions of `atexit`.
    """
    server: Any = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)

    def end(number: int, frame: object) -> None:
        mute_closed_terminal(number)
        server.should_exit = True

    if hasattr(server, "should_exit"):
        for number in ending_signals():
            signal.signal(number, end)
    yield
    st.cache_resource.clear()

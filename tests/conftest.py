"""Fixtures of the browser tests: Chromium, and the app on a free port. Only tests marked "cuda" see a GPU."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from playwright.sync_api import ConsoleMessage, expect
from streamlit.components.v2 import component_manager
from streamlit.testing.v1 import app_test

# Set before torch is imported: test processes share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.support import chance  # noqa: F401 - registers a profile that the command line may name

ROOT = Path(__file__).parents[1]
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
expect.set_options(timeout=30_000)  # milliseconds; enough for a busy machine


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    found = {"executable_path": chromium} if chromium else {}  # else Playwright's own
    return {**browser_type_launch_args, **found, "args": list(QUIET)}


class Server:
    """An app on a free port. `stop` ends it with SIGTERM, as a service manager does."""

    def __init__(self, script: Path, log: Path, *options: str, root: Path = ROOT) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://localhost:{port}"
        self.log = log
        served = script if script.name == "app.py" else ROOT / "tests" / "browser" / "served.py"
        command = [sys.executable, "-m", "streamlit", "run", str(served), "--server.port", str(port), *options]
        environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "SERVED_SCRIPT": str(script)}
        with log.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=output)

    def wait(self, seconds: float = 60) -> Server:
        """Return once the server answers.

        Raises:
            TimeoutError: it does not answer or has ended; the message contains its log.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return self
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(f"{self.url} does not answer:\n{self.log.read_text()}")

    def stop(self, seconds: float = 10) -> int:
        """End the server; the exit status."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


SERVERS = pytest.StashKey[list[Server]]()


@pytest.fixture(scope="session")
def serve(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """A function that serves a script of the repository with options for Streamlit. All servers stop at the end."""
    servers: list[Server] = []

    def start(script: str, *options: str) -> Server:
        server = Server(ROOT / script, tmp_path_factory.mktemp("server") / "log.txt", *options)
        servers.append(server)
        return server.wait()

    request.config.stash[SERVERS] = servers
    yield start
    for server in servers:
        server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if sys.version_info < (3, 11):
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(
                    pytest.mark.skip(reason="the last Streamlit for Python 3.10 labels buttons differently")
                )


def _keep_components_after_an_app_test() -> None:
    """The last Streamlit for Python 3.10 forgets after one `AppTest` the components registered when modules loaded."""
    patch, manager = pytest.MonkeyPatch(), cache(component_manager.BidiComponentManager)
    for module in (app_test, component_manager):
        patch.setattr(module, "BidiComponentManager", manager)


if sys.version_info < (3, 11):  # before the first test module loads
    _keep_components_after_an_app_test()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hide the GPU from tests without the mark "cuda": they expect the numbers of a CPU."""
    if item.get_closest_marker("cuda"):
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "")  # for processes that the test starts
        patch.setattr("torch.cuda.is_available", lambda: False)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the logs of the servers to a failure's report."""
    report = yield
    if report.failed:
        for server in item.config.stash.get(SERVERS, []):
            report.sections.append((f"end of the log of {server.url}", server.log.read_text()[-3000:]))
    return report


@pytest.fixture(autouse=True)
def _console(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print errors and warnings of the browser's console, which pytest shows for a failed test."""
    if "page" not in request.fixturenames:
        yield
        return

    def show(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            print(message.text)

    page = request.getfixturevalue("page")
    page.on("console", show)
    yield
    page.remove_listener("console", show)


@pytest.fixture
def own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A session pool for this test, whose runs are kept in a temporary folder."""
    monkeypatch.setattr("ui.server.RUNS", tmp_path)
    yield
    sys.modules["ui.server"].pool().close()
    st.cache_resource.clear()

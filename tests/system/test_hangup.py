"""A closed terminal ends the command line and the app as SIGTERM does: every run is saved first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page

from gan_core import presets
from gan_core.runs import Run, RunStore
from tests.conftest import ROOT
from tests.support.waiting import until

if not hasattr(signal, "SIGHUP"):
    pytest.skip("this system has no SIGHUP", allow_module_level=True)

import fcntl
import pty
import termios

SAVES_LATE = ("max_steps=1000000", "record.save_every=1000000", "record.frame_every=1000000")
TRAIN = [sys.executable, "-m", "gan_core", "train", "--preset", "gaussian-2d"]
TRAIN += [part for setting in SAVES_LATE for part in ("--set", setting)]


def training_run(folder: Path) -> Run | None:
    """The run in the folder once it has rows."""
    return next((Run(file.parent) for file in folder.glob("*/metrics.csv") if file.stat().st_size > 200), None)


def rows_at_least(run: Run, steps: int) -> bool:
    return len(run.metrics()) >= steps


def _own_terminal() -> None:
    """Let standard input be the terminal of this process; the tests themselves may run under `nohup`."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Terminal:
    """A program in a terminal of its own, which `close` closes."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment | {"OMP_NUM_THREADS": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(theirs)
        os.set_blocking(self._ours, False)

    def read(self) -> None:
        """Read what the program has printed, as a terminal does, so that it never waits."""
        try:
            while os.read(self._ours, 65536):
                pass
        except OSError:
            return

    def close(self) -> None:
        self.read()
        os.close(self._ours)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def start(command: list[str], **environment: str) -> Terminal:
        opened.append(Terminal(command, **environment))
        return opened[-1]

    yield start
    for each in opened:
        each.process.kill()
        each.process.wait()


def test_a_closed_terminal_saves_the_run_of_the_command_line(tmp_path: Path, terminal: Callable[..., Terminal]) -> None:
    program = terminal([*TRAIN, "--runs", str(tmp_path)])
    run = until(lambda: program.read() or training_run(tmp_path))
    assert run is not None
    program.close()
    program.process.wait(30)
    (summary,) = RunStore(tmp_path).list()
    assert (summary.status, summary.checkpoints) == ("stopped", (summary.step,))
    assert run.metrics()[-1][0] == summary.step


def test_a_program_under_nohup_goes_on(tmp_path: Path) -> None:
    output = (tmp_path / "log").open("wb")
    with subprocess.Popen(["nohup", *TRAIN, "--runs", str(tmp_path / "runs")], cwd=ROOT, stdout=output) as process:
        run = until(lambda: training_run(tmp_path / "runs"))
        assert run is not None
        process.send_signal(signal.SIGHUP)
        steps = len(run.metrics())
        until(lambda: rows_at_least(run, steps + 20))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert run.checkpoints()


def test_a_worker_of_a_comparison_leaves_the_end_to_its_parent() -> None:
    command = [sys.executable, "-m", "gan_core.compare.execution.worker"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        task = {"measure": presets.load("gaussian-2d").to_json(), "device": "cpu"}
        process.stdin.write(json.dumps(task).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.stdin.close()  # as the end of the parent does
        assert process.wait(30) == 0


@pytest.mark.browser
@pytest.mark.parametrize("closed", [False, True], ids=["SIGHUP", "closed terminal"])
def test_a_hangup_saves_the_runs_of_the_app(
    closed: bool, tmp_path: Path, terminal: Callable[..., Terminal], page: Page
) -> None:
    options = ["--server.port", str(port := 8900 + os.getpid() % 1000 + closed), "--server.headless", "true"]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
    program = terminal(command, GAN_PLAYGROUND_RUNS=str(tmp_path))

    def answers() -> bool:
        program.read()
        try:
            return urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).status == 200
        except OSError:
            return False

    until(answers)
    config = presets.load("gaussian-2d").with_values(dict(setting.split("=") for setting in SAVES_LATE))
    page.goto(f"http://localhost:{port}/train?{urlencode(config.to_query())}")
    page.get_by_role("button", name="Start", exact=False).first.click(timeout=90_000)
    run = until(lambda: program.read() or training_run(tmp_path))
    assert run is not None
    if closed:
        program.close()
    else:
        program.process.send_signal(signal.SIGHUP)
    program.process.wait(30)
    (summary,) = RunStore(tmp_path).list()
    assert (summary.status, summary.checkpoints) == ("stopped", (summary.step,))
    assert run.metrics()[-1][0] == summary.step

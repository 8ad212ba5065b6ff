"""Every command, as a real process, when its standard streams are closed, full, or a pipe without a reader."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gan_core.cli import app
from gan_core.runs import RunStore
from tests.conftest import ROOT
from tests.support.small import POINTS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell and /dev/full")

PLACES = {
    "closed": (">&-", "", 0),
    "all closed": (">&- 2>&- <&-", "", 0),
    "full": (">/dev/full", "error: cannot write to standard output: No space left on device\n", 1),
    "errors full": (">/dev/null 2>/dev/full", "", 0),
    "unread pipe": ("| exit 0", "", 0),
}
SET = "--set data.count=200 --set generator.hidden=16 --set discriminator.hidden=16 --set record.evaluate_every=0"
TRAIN = f"train --preset gaussian-2d {SET} --steps 3 --runs {{folder}}/runs"
COMMANDS = {
    "presets": "presets",
    "train": TRAIN,
    "resume": "resume {run} --steps 2",
    "sample": "sample {run} -n 4 -o {folder}/grid.png",
    "evaluate": "evaluate {run}",
    "export": "export {run} -o {folder}/script.py",
    "import": "import --help",
    "compare": "compare --list",
    "pretrain": "pretrain --help",
}
OWN = (
    "train",
    "resume",
    "sample",
    "evaluate",
    "export",
)  # each starts torch, so only one place is tried for the others


def shell(command: str, place: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the program in a shell, with its exit status and not that of a pipe's reader."""
    script = f"set -o pipefail; {sys.executable} -m gan_core {command} {place}"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from gan_core.session import Session

    store = RunStore(tmp_path_factory.mktemp("runs"))
    session = Session(POINTS, store, "cpu", 1, max_steps=3)
    session.start()
    assert session.wait(120)
    return store.root / session.snapshot().run_id


def test_every_command_is_tried() -> None:
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert names == set(COMMANDS)


@pytest.mark.parametrize("name", ["presets", "import", "compare", "pretrain"])
@pytest.mark.parametrize("place", PLACES)
def test_lost_output_is_silence_or_one_line(name: str, place: str) -> None:
    redirection, message, status = PLACES[place]
    done = shell(COMMANDS[name], redirection)
    assert (done.stderr, done.returncode) == (message, status)


@pytest.mark.slow  # each starts torch
@pytest.mark.parametrize(("name", "place"), [*((name, "full") for name in OWN[1:]), *(("train", p) for p in PLACES)])
def test_a_command_does_its_work_without_output(name: str, place: str, run: Path, tmp_path: Path) -> None:
    redirection, message, status = PLACES[place]
    done = shell(COMMANDS[name].format(folder=tmp_path, run=run), redirection)
    assert (done.stderr.replace("note: ", ""), done.returncode) == (message, status)
    if name == "train":
        (saved,) = (tmp_path / "runs").iterdir()
        assert RunStore(tmp_path / "runs").open(saved.name).last_complete() == 3
    elif name == "resume":
        assert RunStore(run.parent).open(run.name).last_complete() == 5
    elif name in ("sample", "export"):
        assert list(tmp_path.iterdir())


def test_a_bad_argument_keeps_its_exit_status_without_streams() -> None:
    assert shell("fly", ">&- 2>&- <&-").returncode == 2
    assert shell("fly", ">/dev/full 2>/dev/full").returncode == 2


def test_a_stream_without_arrows_gets_question_marks(tmp_path: Path) -> None:
    command = "train --preset mnist-quick --set optimizer_g.name=sgd --set optimizer_g.lr=-1"
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    script = f"{sys.executable} -m gan_core {command}; {sys.executable} -m gan_core presets --markdown"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr

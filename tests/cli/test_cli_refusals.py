"""Errors and interruptions of the command line: one line each, and no damage to files."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gan_core import data, presets
from gan_core.cli.progress import Progress
from gan_core.runs.shipped import SHIPPED
from gan_core.session.snapshot import Snapshot
from gan_core.training.history import COLUMNS, HistoryLog
from tests.cli.test_cli import POINTS, lines, run


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = lines(capsys.readouterr().err)
    return line


BAD = [
    (["fly"], "'fly'"),
    (["train", "--preset", "mnist-quik"], "did you mean mnist-quick?"),
    (["train", "--set", "optimizer_g.lr=99"], "optimizer_g.lr: 99 is not allowed; it must be a number above 0"),
    (["train", "--set", "optimizer_g.rate=1"], '"optimizer_g.rate" is not a setting'),
    (["train", "--set", "optimizer_g.lr"], "KEY=VALUE"),
    (
        ["train", "--set", "data.name=ring8", "--set", "generator.name=dcgan"],
        "generator.name: a DCGAN does not work on points",
    ),
    (["train", "--steps", "0"], "--steps"),
    (["train", "--steps", "many"], "--steps"),
    (["train", "--steps", "5", "--seconds", "5"], "give --steps or --seconds, not both"),
    (["train", "--seconds", "inf"], "--seconds"),
    (["train", "--seconds", "1e18"], "--seconds"),
    (["train", "--threads", "100000"], "--threads"),
    (["train", "--device", "abacus"], '"abacus" is not a device'),
    (["train", "--device", "mps"], '"mps" is not a device of this machine; use auto or cpu'),
    (["train", "--device", "cpu:1"], '"cpu:1" is not a device of this machine; use auto or cpu'),
    (["train", "--colour", "red"], "--colour"),
    (["resume", "checkpoints/never-was"], 'no run "never-was"'),
    (["sample"], "RUN_DIR"),
    (["sample", "checkpoints/never-was"], 'no run "never-was"'),
    (["evaluate", "checkpoints/never-was"], 'no run "never-was"'),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_a_bad_argument_is_one_line_on_stderr(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*arguments, status=2)
    out, err = capsys.readouterr()
    assert out == ""
    assert len(lines(err)) == 1
    assert err.startswith("error: ")
    assert message in err


@pytest.mark.parametrize("name", ["my run", "Läufe"])
def test_a_folder_whose_name_is_no_id_is_refused_with_the_names_that_are_allowed(
    name: str, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped.rename(shipped.with_name(name))
    run("sample", str(shipped.with_name(name)), status=2)
    assert "letters from A to Z, digits" in error_line(capsys)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A copy of a shipped run, which contains only weights."""
    copy = tmp_path / "digits"
    shutil.copytree(SHIPPED.root / "digits", copy)
    return copy


def test_a_shipped_run_is_sampled_evaluated_and_exported(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("sample", str(shipped), "-n", "4", "-o", str(tmp_path / "grid.png"))
    assert Image.open(tmp_path / "grid.png").size[0] > 28
    run("evaluate", str(shipped))
    assert "step 8250" in capsys.readouterr().out
    run("export", str(shipped), "--as", "onnx", "-o", str(tmp_path / "digits.onnx"))
    assert (tmp_path / "digits.onnx").stat().st_size > 100_000


def test_a_shipped_run_is_not_resumed_and_does_not_change(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {file: file.read_bytes() for file in shipped.rglob("*") if file.is_file()}
    run("resume", str(shipped), "--steps", "5", status=1)
    assert "holds only weights" in error_line(capsys)
    assert {file: file.read_bytes() for file in shipped.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("damage", ['{"a":1', '{"colour": "red"}'])
@pytest.mark.parametrize("command", ["resume", "sample", "evaluate", "export"])
def test_a_damaged_config_is_explained(
    damage: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(damage)
    run(command, str(tmp_path / "run"), status=1)
    assert "has no readable config.json" in error_line(capsys)


def test_runs_cannot_be_kept_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    run(*POINTS, "--steps", "1", "--runs", str(tmp_path / "file"), status=1)
    assert "Cannot keep runs in" in error_line(capsys)


def test_a_missing_comparison_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    run("compare", "--resume", "/never-was", status=1)
    assert "There is no comparison" in error_line(capsys)


def test_ctrl_c_before_the_first_step_leaves_no_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = data.load

    def interrupted(*arguments: Any, **named: Any) -> data.Dataset:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)  # the command handles the signal meanwhile
        return load(*arguments, **named)

    monkeypatch.setattr(data, "load", interrupted)
    run(*POINTS, "--runs", str(tmp_path / "runs"))
    assert lines(capsys.readouterr().out)[-1] == "Stopped before the first step. No run was saved."
    until = time.monotonic() + 30
    while any(thread.name == "training" for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert not [*(tmp_path / "runs").glob("*")]


def test_a_disk_that_refuses_is_a_warning_each_time_anew(capsys: pytest.CaptureFixture[str]) -> None:
    progress, config = Progress(), presets.load("gaussian-2d")
    for error in ("no room", "no room, 3 MB", "", "no room"):
        progress.show(Snapshot(config, status="training", error=error))
    assert lines(capsys.readouterr().out) == ["warning: no room", "warning: no room"]


@pytest.mark.parametrize(("seconds", "text"), [(59.6, "1:00 left"), (3599, "59:59 left"), (36_000, "10:00:00 left")])
def test_long_remaining_times_are_shown_in_hours(seconds: float, text: str) -> None:
    now = Snapshot(presets.load("gaussian-2d"), status="training")
    assert Progress(last_second=seconds).line(now).endswith(f", {text}")


def test_a_huge_loss_is_shown_with_an_exponent() -> None:
    log = HistoryLog()
    log.extend([[8.3e22 if name == "loss_d" else 1.0 for name in COLUMNS]])
    assert Progress().line(Snapshot(presets.load("gaussian-2d"), history=log.view())).endswith("D 8.3e+22, G 1.000")

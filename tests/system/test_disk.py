"""A full, read-only or missing disk gives one clear error, loses nothing and does not stop other sessions."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan_core.cli.train import _how_to_resume
from gan_core.runs import RunStore, checkpoint, disk
from gan_core.session import Session, folder_listeners
from gan_core.training.history import append
from tests.conftest import ROOT
from tests.session.test_session import ENDLESS, curves, finished, until
from tests.support.small import POINTS

MANY = POINTS.with_values({"max_steps": 300, "record.save_every": 10, "record.frame_every": 100_000})


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("this user may not mount a disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[None]:
    """Another session, which must still train without an error after the test."""
    other = Session(ENDLESS, RunStore(tmp_path / "elsewhere"), threads=1)
    other.start()
    until(other, lambda now: now.step > 0)
    yield
    step = other.snapshot().step
    until(other, lambda now: now.step > step)
    assert other.snapshot().error == ""
    other.stop()
    assert other.wait(20)


def fill(place: Path) -> Path:
    """A file that fills the disk."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


@pytest.mark.usefixtures("neighbour")
def test_a_full_disk_pauses_training_and_loses_nothing(mount: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "RESERVE", 0)  # train until writes fail
    session = Session(MANY, RunStore(mount), threads=1)
    session.start()
    until(session, lambda now: now.step > 12)
    ballast = fill(mount)
    now = until(session, lambda now: now.status == "paused" and now.error)
    assert "No space left on device" in now.error
    assert "Make room, then press Resume" in now.error
    session.resume()  # the disk is still full
    until(session, lambda later: later.step > now.step and later.status == "paused" and later.error)
    ballast.unlink()
    session.resume()
    assert session.wait(60)
    assert session.snapshot().status == "finished"
    run = RunStore(mount).open(session.snapshot().run_id)
    assert [row[0] for row in run.metrics()] == list(range(1, MANY.max_steps + 1))
    assert curves(session.snapshot()) == curves(finished(MANY))
    assert run.trainer("cpu").steps == MANY.max_steps


def test_a_nearly_full_disk_pauses_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(MANY.with_values({"max_steps": 100_000}), RunStore(tmp_path), threads=1)
    session.start()
    until(session, lambda now: now.step > 12)
    monkeypatch.setattr(disk, "RESERVE", 10**18)
    now = until(session, lambda now: now.status == "paused" and now.error)
    assert "the disk is nearly full" in now.error
    assert "the run resumes from" not in now.error
    session.stop()  # the last checkpoint may use the reserve
    assert session.wait(20)
    assert (session.snapshot().status, session.snapshot().error) == ("stopped", "")
    assert RunStore(tmp_path).open(now.run_id).checkpoints()[-1] == session.snapshot().step


def test_without_a_user_a_full_disk_warns_and_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_listeners, "_RETRY_SECONDS", 0.2)
    session = Session(MANY.with_values({"max_steps": 10**8}), RunStore(tmp_path), threads=1, attended=False)
    session.start()
    until(session, lambda now: now.step > 12)
    monkeypatch.setattr(disk, "RESERVE", 10**18)
    now = until(session, lambda now: now.error)
    run = RunStore(tmp_path).open(now.run_id)
    saved = run.checkpoints()[-1]
    until(session, lambda later: later.step > now.step + 30)
    assert f"Training goes on and tries again. Make room; after a crash the run resumes from step {saved}." in now.error
    assert run.checkpoints()[-1] == saved
    monkeypatch.setattr(disk, "RESERVE", 0)
    session.update({"n_critic": 2})
    until(session, lambda later: not later.error)
    assert run.checkpoints()[-1] > saved
    session.stop()
    assert session.wait(20)
    assert [row[0] for row in run.metrics()] == list(range(1, session.snapshot().step + 1))


def test_a_failed_save_is_tried_again_before_the_next_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_listeners, "_RETRY_SECONDS", 0.2)
    config = ENDLESS.with_values({"record.save_every": 20})
    session = Session(config, RunStore(tmp_path), threads=1)
    session.start()
    until(session, lambda now: now.step > 21)
    monkeypatch.setattr(disk, "RESERVE", 10**18)
    now = until(session, lambda now: now.status == "paused" and now.error)
    monkeypatch.setattr(disk, "RESERVE", 0)
    time.sleep(0.3)
    session.step(1)
    until(session, lambda later: later.step == now.step + 1)
    assert RunStore(tmp_path).open(now.run_id).checkpoints()[-1] == now.step + 1
    session.stop()
    assert session.wait(20)


@pytest.mark.parametrize("attended", [True, False])
def test_a_run_without_a_checkpoint_is_not_said_to_resume(
    attended: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    session = Session(ENDLESS, RunStore(tmp_path), threads=1, attended=attended)
    session.start()
    until(session, lambda now: now.step > 5)
    monkeypatch.setattr(checkpoint, "write", full)
    session.stop()
    assert session.wait(20)
    now = session.snapshot()
    assert now.error.startswith("The last steps were not saved: cannot write to")
    assert now.error.endswith("(No space left on device); the run has no checkpoint to resume from.")
    text = _how_to_resume(now, tmp_path / now.run_id)
    assert text == f"Stopped at step {now.step}. No checkpoint was saved, so this run cannot be resumed."


def test_a_run_that_ends_on_a_full_disk_without_a_user_ends_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_core.runs.run.Run.save", lambda *_: os.open("/dev/full/no", 0))
    now = finished(POINTS, store=RunStore(tmp_path), attended=False)
    assert now.step == POINTS.max_steps
    assert "The last steps were not saved" in now.error


@pytest.mark.skipif(not hasattr(signal, "SIGTERM") or os.name == "nt", reason="Windows has no SIGTERM to catch")
def test_the_reserve_takes_the_last_checkpoint_of_the_command_line(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("this user may not mount a disk")
    settings = ("max_steps=1000000", "record.save_every=1000000", "record.frame_every=1000000")
    command = [sys.executable, "-m", "gan_core", "train", "--preset", "gaussian-2d", "--runs", str(place)]
    command += [part for setting in settings for part in ("--set", setting)]
    try:
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            while not process.stdout.readline().startswith("step "):
                assert process.poll() is None
            with (place / "ballast").open("wb") as ballast:
                ballast.write(bytes(150_000_000))
            process.terminate()
            out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        (summary,) = RunStore(place).list()
        assert summary.checkpoints == (summary.step,)
        assert f"Stopped at step {summary.step}. To resume: " in out
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_a_run_that_ends_on_a_full_disk_is_saved_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    session = Session(POINTS.with_values({"record.save_every": 1_000_000}), RunStore(tmp_path), threads=1)
    session.step(1)
    until(session, lambda now: now.step == 1)
    monkeypatch.setattr(checkpoint, "write", full)
    session.resume()
    now = until(session, lambda now: now.step == POINTS.max_steps and now.error)
    monkeypatch.undo()
    session.resume()
    assert session.wait(20)
    assert session.snapshot().status == "finished"
    assert RunStore(tmp_path).open(now.run_id).checkpoints()[-1] == POINTS.max_steps


@pytest.mark.usefixtures("neighbour")
def test_a_folder_that_is_moved_away_and_back_loses_nothing(tmp_path: Path) -> None:
    session = Session(MANY, RunStore(tmp_path / "library"), threads=1)
    session.start()
    run = until(session, lambda now: now.step > 12).run_id
    shutil.move(tmp_path / "library" / run, tmp_path / "away")
    now = until(session, lambda now: now.status == "paused" and now.error)
    assert run in now.error
    assert "Put the folder back" in now.error
    shutil.move(tmp_path / "away", tmp_path / "library" / run)
    session.resume()
    assert session.wait(60)
    assert session.snapshot().status == "finished"
    rows = RunStore(tmp_path / "library").open(run).metrics()
    assert [row[0] for row in rows] == list(range(1, MANY.max_steps + 1))


@pytest.mark.usefixtures("neighbour")
def test_a_run_whose_folder_is_deleted_pauses_with_an_error(tmp_path: Path) -> None:
    session = Session(ENDLESS, store=RunStore(tmp_path / "library"), threads=1)
    session.start()
    run = until(session, lambda now: now.run_id).run_id
    shutil.rmtree(tmp_path / "library" / run)
    now = until(session, lambda now: now.error)
    assert "cannot write" in now.error
    assert run in now.error
    session.stop()
    assert session.wait(10)


@pytest.mark.usefixtures("neighbour")
def test_a_read_only_folder_gives_one_clear_message(mount: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
    now = finished(POINTS, store=RunStore(mount))
    assert now.status == "failed"
    assert f"Cannot keep runs in {mount}: Read-only file system" in now.error


def test_a_run_on_a_read_only_disk_is_resumed_later(mount: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "RESERVE", 0)
    run = RunStore(mount).open(finished(POINTS, store=RunStore(mount), max_steps=2).run_id)
    subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
    now = finished(POINTS, run=run)
    assert now.error == f"Cannot write to {run.path} (Read-only file system). Make it writable, then resume it."
    subprocess.run(["mount", "-o", "remount,rw", mount], check=True)
    assert finished(POINTS, run=run).error == ""


def test_a_failed_append_leaves_the_file_unchanged(mount: Path) -> None:
    append(mount / "notes", "all of this\n")
    with pytest.raises(OSError, match="No space"):
        append(mount / "notes", "x" * 3_000_000)
    assert (mount / "notes").read_text() == "all of this\n"
    assert os.listdir(mount) == ["notes"]

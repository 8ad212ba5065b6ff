"""A finished run that trains on: what rises again with its length is said before, and marked on the curves."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_core.cli import main
from gan_core.config import TrainConfig
from gan_core.runs import Run, RunError, RunStore, extension
from gan_core.session import Session
from gan_core.session.pool import SessionPool
from gan_core.training.trainer import Trainer
from tests.session.test_session import finished, until
from tests.support.small import POINTS

FALLING = POINTS.with_values({"max_steps": 20, "lr_decay": "linear", "record.evaluate_every": 0})
JUMP = "learning rates 0 % → 50 %, noise on D's inputs 0 % → 50 %"


def run_of(config: TrainConfig, folder: Path) -> Run:
    """A finished run."""
    store = RunStore(folder)
    return store.open(finished(config, store=store).run_id)


def changes(run: Run) -> list[tuple[int, str]]:
    return [(event["step"], event["text"]) for event in run.events() if event["kind"] in ("changed", "forked")]


def test_the_command_line_says_what_jumps_and_marks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of(FALLING, tmp_path)
    assert main(["resume", str(run.path), "--steps", "20"]) == 0
    out = capsys.readouterr().out.splitlines()
    note = next(i for i, line in enumerate(out) if line == f"note: the run becomes longer, which changes: {JUMP}")
    assert all(not line.startswith("step ") for line in out[:note])
    assert changes(run) == [(20, f"max_steps 20 → 40, {JUMP}")]
    assert run.trainer("cpu").steps == 40
    assert finished(run.config, run=run, max_steps=1).notes == ()


def test_more_steps_than_are_left_make_the_run_longer_only_if_that_changes_something(tmp_path: Path) -> None:
    for config, total in ((FALLING, 30), (FALLING.with_values({"lr_decay": "none", "instance_noise": 0}), 20)):
        store = RunStore(tmp_path)
        run = store.open(finished(config, store=store, max_steps=15).run_id)
        assert main(["resume", str(run.path), "--steps", "2"]) == 0
        assert run.config == config
        assert main(["resume", str(run.path), "--steps", "13"]) == 0
        assert (run.config.max_steps, run.checkpoints()[-1]) == (total, 30)


def test_the_app_marks_the_jump(tmp_path: Path) -> None:
    run = run_of(FALLING, tmp_path)
    pool = SessionPool(RunStore(tmp_path))
    session = pool.get(pool.extend(run.id, 20))
    assert session is not None
    session.start()
    assert session.wait(60)
    assert [(change.step, change.text) for change in session.snapshot().setting_changes] == changes(run)
    assert changes(run) == [(20, f"max_steps 20 → 40, {JUMP}")]


def test_a_fork_marks_the_jump(tmp_path: Path) -> None:
    run = run_of(FALLING, tmp_path)
    child = RunStore(tmp_path).fork(run.id, values={"max_steps": 40})
    assert changes(child) == [(20, f"fork: max_steps 20 → 40, {JUMP}")]


def test_a_change_of_the_length_in_training_marks_the_jump() -> None:
    session = Session(FALLING, threads=1)
    session.step(10)
    until(session, lambda now: now.step == 10)
    session.update({"max_steps": 40})
    now = until(session, lambda now: now.setting_changes)
    text = "max_steps 20 → 40, learning rates 50 % → 75 %, noise on D's inputs 50 % → 75 %"
    assert [change.text for change in now.setting_changes] == [text]
    session.stop()
    assert session.wait(20)


@pytest.mark.parametrize(
    ("values", "jump"),
    [
        ({"lr_decay": "none", "instance_noise": 0}, ""),
        ({"instance_noise": 0}, "learning rates 0 % → 50 %"),
        ({"lr_decay": "none"}, "noise on D's inputs 0 % → 50 %"),
        ({"max_steps": 0, "epochs": 1.6}, JUMP),  # 20 steps of 16 of 200 examples
    ],
)
def test_only_the_settings_that_fall_over_the_run_are_named(
    values: dict[str, object], jump: str, tmp_path: Path
) -> None:
    config = FALLING.with_values(values)
    run, trainer = RunStore(tmp_path).create(config), Trainer(config, "cpu")
    trainer.steps = 20
    run.save(trainer, keep=1)
    assert extension.planned_steps(run, 20) == 20
    assert extension.jump(run, 20, config.with_values({"max_steps": 40})) == jump


def test_more_seconds_at_a_learning_rate_of_zero_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(FALLING, tmp_path)
    assert main(["resume", str(run.path), "--seconds", "1"]) == 2
    assert "the learning rates of this run have fallen to 0 at its end" in capsys.readouterr().err


def test_a_run_in_training_is_not_made_longer(tmp_path: Path) -> None:
    run = run_of(FALLING, tmp_path)
    lock = run.lock()
    with pytest.raises(RunError, match="being trained already"):
        extension.extend(run, 5)
    lock.release()
    assert run.config == FALLING

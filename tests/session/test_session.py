"""Commands, snapshots, limits and failures of a session."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_core.config import TrainConfig
from gan_core.config.catalog import LOSSES
from gan_core.config.schema import ConfigError
from gan_core.runs import RunStore
from gan_core.runs.summary import summarize
from gan_core.session import Session
from gan_core.session.snapshot import Snapshot
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Trainer, Which
from tests.support.small import DIGITS, POINTS, VARIANTS

ENDLESS = POINTS.with_values({"max_steps": 100_000_000, "record.save_every": 1_000_000, "record.frame_every": 1_000})


def until(session: Session, true: Callable[[Snapshot], object], seconds: float = 20) -> Snapshot:
    """The first snapshot for which `true` returns a true value."""
    deadline = time.monotonic() + seconds
    while not true(session.snapshot()):
        assert time.monotonic() < deadline, f"still {session.snapshot().status} at step {session.snapshot().step}"
        assert session.snapshot().status != "failed", session.snapshot().error
        time.sleep(0.005)
    return session.snapshot()


def finished(config: TrainConfig, **settings: object) -> Snapshot:
    session = Session(config, device="cpu", threads=1, **settings)  # type: ignore[arg-type]
    session.start()
    assert session.wait(240)  # long enough for a busy machine
    return session.snapshot()


def curves(snapshot: Snapshot) -> list[list[float]]:
    """The columns of the history that do not depend on the clock."""
    history = snapshot.history
    names = ("step", "epoch", "images", "loss_d", "loss_g", "d_real", "d_fake", "grad_norm_d", "grad_norm_g")
    return [getattr(history, name).tolist() for name in names]


def test_snapshots_show_the_strength_of_adaptive_augmentation() -> None:
    snapshot = finished(VARIANTS["adaptive"].with_values({"augment.adaptive": 1e-6, "data.count": 16}))
    assert snapshot.augment_p is not None
    assert 0 <= snapshot.augment_p < 0.01
    assert finished(VARIANTS["digits"].with_values({"max_steps": 1})).augment_p is None


def test_a_run_ends_with_samples_and_a_checkpoint_of_its_last_step(tmp_path: Path) -> None:
    snapshot = finished(POINTS, store=RunStore(tmp_path))
    assert (snapshot.status, snapshot.step, snapshot.error) == ("finished", POINTS.max_steps, "")
    assert len(snapshot.history) == POINTS.max_steps
    assert snapshot.samples.shape == (POINTS.record.samples, 2)
    run = RunStore(tmp_path).open(snapshot.run_id)
    assert run.checkpoints()[-1] == POINTS.max_steps
    assert run.frames() == list(range(0, POINTS.max_steps + 1, 10))
    assert [event["kind"] for event in run.events()][-2:] == ["saved", "finished"]


@pytest.mark.parametrize("name", ["conditional digits", "label beside", "spectral hinge", "local pairs"])
def test_conditional_spectral_and_local_networks_are_published_and_saved(name: str, tmp_path: Path) -> None:
    config = VARIANTS[name].with_values({"max_steps": 6, "ema_decay": 0.9})
    snapshot = finished(config, store=RunStore(tmp_path))
    assert (snapshot.status, snapshot.step, snapshot.error) == ("finished", 6, "")
    assert np.isfinite(snapshot.scores).all()
    trainer = RunStore(tmp_path).open(snapshot.run_id).trainer("cpu")
    assert trainer.generate(5).isfinite().all()
    assert trainer.step().values.isfinite().all()


@pytest.mark.parametrize("loss", LOSSES)
def test_points_are_trained_and_shown_under_every_loss(loss: str) -> None:
    """The plane shows the gradient of G's loss, and some losses compare fakes with real points."""
    config = POINTS.with_values({"loss.name": loss, "max_steps": 3, "data.count": 5})
    snapshot = finished(config)
    assert (snapshot.status, snapshot.error) == ("finished", "")
    assert snapshot.sample_view is not None
    assert np.isfinite(snapshot.sample_view.plane.gradient).all()


def test_pause_and_resume() -> None:
    session = Session(ENDLESS, threads=1)
    session.start()
    until(session, lambda now: now.step > 5)
    session.pause()
    until(session, lambda now: now.status == "paused")
    time.sleep(0.2)  # the status changes at once, while the current step ends
    step = session.snapshot().step
    time.sleep(0.2)
    assert session.snapshot().step == step
    session.resume()
    until(session, lambda now: now.step > step)
    session.stop()
    assert session.wait(10)
    assert session.snapshot().status == "stopped"


def test_single_steps() -> None:
    session = Session(ENDLESS, threads=1)
    session.step(1)
    assert until(session, lambda now: now.status == "paused" and now.step).step == 1
    session.step(3, which="d")
    assert until(session, lambda now: now.status == "paused" and now.step > 1).step == 4
    session.stop()
    assert session.wait(10)


def test_a_pause_does_not_count_as_training_time() -> None:
    session = Session(ENDLESS, threads=1)
    session.step(1)
    until(session, lambda now: now.status == "paused" and now.step == 1)
    time.sleep(0.5)
    session.step(1)
    now = until(session, lambda now: now.status == "paused" and now.step == 2)
    assert now.seconds < 0.4
    session.stop()


def test_a_changed_setting_takes_effect_and_is_recorded(tmp_path: Path) -> None:
    session = Session(ENDLESS, store=RunStore(tmp_path), threads=1)
    session.start()
    until(session, lambda now: now.step > 3)
    session.update({"optimizer_g.lr": 1e-4, "n_critic": 2})
    now = until(session, lambda now: now.setting_changes)
    assert now.config.optimizer_g.lr == 1e-4
    assert now.setting_changes[0].text == "optimizer_g.lr 0.0002 → 0.0001, n_critic 1 → 2"
    session.stop()
    session.wait(10)
    run = RunStore(tmp_path).open(now.run_id)
    assert run.config.n_critic == 2
    assert [event["text"] for event in run.events() if event["kind"] == "changed"] == [now.setting_changes[0].text]


@pytest.mark.parametrize(
    "values", [{"generator.hidden": (8,)}, {"batch_size": 8}, {"optimizer_g.lr": -1}, {"nothing": 1}]
)
def test_an_invalid_change_is_refused_and_training_goes_on(values: dict[str, object]) -> None:
    session = Session(ENDLESS, threads=1)
    session.start()
    with pytest.raises(ConfigError):
        session.update(values)
    step = session.snapshot().step
    until(session, lambda now: now.step > step)
    session.stop()
    session.wait(10)


def test_a_snapshot_stays_the_same_while_training_goes_on() -> None:
    session = Session(ENDLESS, threads=1)
    session.start()
    early = until(session, lambda now: now.step > 10)
    before = curves(early), early.samples.copy(), early.real_scores.copy()
    until(session, lambda now: now.step > early.step + 50)
    session.stop()
    session.wait(10)
    assert curves(early) == before[0]
    assert np.array_equal(early.samples, before[1])
    assert np.array_equal(early.real_scores, before[2])
    with pytest.raises(ValueError, match="read-only"):
        early.history.loss_d[0] = 0


@pytest.mark.parametrize("config", [POINTS, DIGITS], ids=["points", "digits"])
def test_two_sessions_at_once_give_the_same_histories_as_alone(config: TrainConfig) -> None:
    other = config.with_values({"seed": 5, "discriminator.dropout": 0.5})
    alone = [curves(finished(each)) for each in (config, other)]
    together = [Session(each, device="cpu", threads=1) for each in (config, other)]
    for session in together:
        session.start()
    assert all(session.wait(60) for session in together)
    assert [curves(session.snapshot()) for session in together] == alone


def test_a_resumed_run_gives_the_same_history_as_an_uninterrupted_one(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    whole = curves(finished(POINTS))
    first = finished(POINTS, store=store, max_steps=25)
    assert (first.status, first.step) == ("stopped", 25)
    second = finished(POINTS, run=store.open(first.run_id))
    assert (second.status, second.run_id) == ("finished", first.run_id)
    assert curves(second) == whole
    assert [row[0] for row in store.open(first.run_id).metrics()] == list(range(1, POINTS.max_steps + 1))


@pytest.mark.parametrize(
    ("last", "error"), [(8, "discriminator's loss became NaN"), (5, "weight of the generator became NaN")]
)
def test_weights_that_are_not_finite_are_neither_saved_nor_evaluated(
    last: int, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Trainer.step

    def poisoned(self: Trainer, which: Which = "both", *more: Any) -> StepRecord:
        record = step(self, which, *more)
        if self.steps == 5:
            next(self.generator.parameters()).data[0] = math.nan
        return record

    monkeypatch.setattr(Trainer, "step", poisoned)
    often = {"record.save_every": 1, "record.judge_every": 1, "max_steps": last}
    now = finished(POINTS.with_values(often), store=RunStore(tmp_path))
    assert now.status == "failed"
    assert error in now.error
    assert "the checkpoint of step 4 is kept. Lower the learning rates and resume from it" in now.error
    assert RunStore(tmp_path).open(now.run_id).checkpoints()[-1] == 4
    assert now.evaluations.step.tolist() == [1, 2, 3, 4]


def test_a_non_finite_loss_ends_the_run_and_keeps_the_last_finite_checkpoint(tmp_path: Path) -> None:
    wild = {"optimizer_d.name": "sgd", "optimizer_d.lr": 10, "loss.name": "least-squares", "max_steps": 100_000}
    now = finished(
        POINTS.with_values({**wild, "generator.norm": "none", "discriminator.norm": "none"}), store=RunStore(tmp_path)
    )
    assert now.status == "failed"
    assert "loss became" in now.error
    assert np.isfinite(now.history.loss_d[:-1]).all()
    for step in (run := RunStore(tmp_path).open(now.run_id)).checkpoints():
        assert all(np.isfinite(p.numpy()).all() for p in run.trainer("cpu", step=step).generator.state_dict().values())
    assert (summarize(run).status, summarize(run).health) == ("failed", "The training diverges")


def test_missing_data_is_an_error_of_the_snapshot() -> None:
    now = finished(DIGITS.with_values({"data.name": "folder", "data.path": "/no/such/folder"}))
    assert now.status == "failed"
    assert "/no/such/folder" in now.error


def test_a_limit_of_seconds_ends_the_session() -> None:
    now = finished(ENDLESS, max_seconds=0.3)
    assert now.status == "stopped"
    assert 0.3 <= now.seconds < 2


def test_a_run_does_not_resume_with_other_fixed_settings(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    run.save(Trainer(POINTS, "cpu"), keep=1)
    session = Session(POINTS.with_values({"batch_size": 7}), run=run)
    session.start()
    assert session.wait(60)
    assert session.snapshot().status == "failed"
    assert "but these differ: batch_size" in session.snapshot().error


def test_a_session_stopped_before_its_start_never_trains() -> None:
    session = Session(POINTS)
    session.stop()
    session.start()
    assert session.wait(5)
    assert (session.snapshot().status, session.snapshot().step) == ("stopped", 0)


def test_a_config_that_needs_too_much_memory_is_refused_with_the_estimate() -> None:
    huge = {"data.name": "sprites", "data.count": 8, "data.size": 128, "generator.width": 512, "generator.depth": 5,
            "discriminator.width": 512, "discriminator.depth": 5, "batch_size": 8192}  # fmt: skip
    now = finished(DIGITS.with_values(huge))
    assert now.status == "failed"
    assert "GB of memory" in now.error

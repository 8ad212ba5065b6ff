"""Evaluations change nothing in training, their errors do not stop it, and the best checkpoint is kept."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_core import metrics, models
from gan_core.config import TrainConfig
from gan_core.metrics.evaluations import Best, Evaluation, Evaluations, as_csv, from_csv
from gan_core.metrics.registry import MetricValue, Provenance
from gan_core.runs import Run, RunError, RunStore, checkpoint, summarize
from gan_core.runs.rewind import rewind
from gan_core.session import Session
from gan_core.session import evaluator as evaluator_module
from gan_core.session.evaluator import Evaluator
from gan_core.session.snapshot import Snapshot
from gan_core.training.trainer import Trainer
from tests.session.test_session import ENDLESS, curves, finished, until
from tests.support.small import DIGITS, POINTS, VARIANTS

OFTEN = {"record.evaluate_every": 0.001}


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "IMAGES", 100)
    monkeypatch.setattr(metrics.point_quality, "SAMPLES", 400)


def evaluation(step: int, value: float, name: str = "js") -> Evaluation:
    provenance = Provenance(400, "fresh points", "coordinates, of points")
    metric = MetricValue(name, value, value - 0.1, None, 0.3, provenance)
    return Evaluation(step, step / 10, step / 7, 16 * step, (metric,))


# ---- training is unchanged -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIANTS)
def test_a_run_trains_the_same_with_and_without_evaluations(name: str) -> None:
    config = VARIANTS[name]
    never, often = (finished(config.with_values({"record.evaluate_every": every})) for every in (0, 0.001))
    assert len(never.evaluations) == 0
    assert len(often.evaluations) > 0
    assert curves(often) == curves(never)


@pytest.mark.parametrize("name", ["points", "digits"])
def test_training_waits_for_evaluations_at_fixed_steps(name: str) -> None:
    config = VARIANTS[name].with_values({"record.evaluate_every": 0, "max_steps": 12})
    never, often = finished(config), finished(config.with_values({"record.judge_every": 5}))
    assert often.evaluations.step.tolist() == [5, 10, 12]
    assert curves(often) == curves(never)


def test_an_evaluation_that_a_stop_interrupted_is_repeated_after_a_resume(tmp_path: Path) -> None:
    store, config = RunStore(tmp_path), POINTS.with_values({"record.judge_every": 20, "max_steps": 60})
    first = Session(config.with_values({"record.judge_every": 0}), store, threads=1, max_steps=40)
    first.start()
    assert first.wait(60)
    run = store.open(first.snapshot().run_id)
    run.write_config(config)  # at step 40 without its evaluation, as after a stop
    second = Session(config, store, threads=1, run=run)
    second.start()
    assert second.wait(60)
    assert [row.step for row in run.evaluations()] == [40, 60]


def test_the_global_rng_and_the_number_of_threads_stay_the_same() -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    trainer = Trainer(POINTS, "cpu")
    evaluator = Evaluator(trainer, None, lambda update: None)
    evaluator.start(trainer, 1.0)
    assert evaluator.wait(60)
    assert len(evaluator.evaluations) == 1
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("config", [POINTS, DIGITS], ids=["points", "digits"])
def test_an_evaluation_is_reproducible_and_uses_the_weights_at_its_start(config: TrainConfig) -> None:
    trainer = Trainer(config, "cpu")
    evaluator = Evaluator(trainer, None, lambda update: None)
    for steps_between in (0, 2):
        evaluator.start(trainer, 1.0)
        for _ in range(steps_between):
            trainer.step()
        assert evaluator.wait(60)
    first, second = evaluator.evaluations.rows
    assert first == second


def test_one_evaluation_runs_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    build = models.build

    def slow(config: TrainConfig) -> object:
        gate.wait(30)
        return build(config)

    trainer = Trainer(POINTS, "cpu")
    evaluator = Evaluator(trainer, None, lambda update: None)
    monkeypatch.setattr(models, "build", slow)
    assert evaluator.start(trainer, 1.0)
    assert not evaluator.start(trainer, 2.0)
    gate.set()
    assert evaluator.wait(60)
    assert evaluator.evaluations.seconds.tolist() == [1.0]


# ---- errors ----------------------------------------------------------------------------------------------------------


def test_a_failed_evaluation_is_an_event_and_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no metric")

    monkeypatch.setattr(metrics.point_quality.PointEvaluator, "evaluate", broken)
    now = finished(POINTS.with_values(OFTEN), store=RunStore(tmp_path))
    assert (now.status, now.error, len(now.evaluations)) == ("finished", "", 0)
    run = RunStore(tmp_path).open(now.run_id)
    [event] = [event for event in run.events() if event["kind"] == "unjudged"]  # logged once, not at each evaluation
    assert event["error"] == "RuntimeError: no metric"
    assert summarize(run).status == "finished"


def test_a_copy_that_does_not_fit_in_memory_is_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(state: object) -> None:
        raise MemoryError("no memory")

    monkeypatch.setattr(evaluator_module, "_copy_to_cpu", full)
    now = finished(POINTS.with_values(OFTEN), store=RunStore(tmp_path))
    assert (now.status, now.error) == ("finished", "")
    events = RunStore(tmp_path).open(now.run_id).events()
    assert [event["error"] for event in events if event["kind"] == "unjudged"] == ["MemoryError: no memory"]


def test_a_stop_does_not_wait_for_an_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    started = threading.Event()

    def endless(images: torch.Tensor, dataset: object, progress: metrics.image_quality.Progress) -> None:
        started.set()
        while True:
            progress(0.5, "comparing")
            time.sleep(0.01)

    monkeypatch.setattr(metrics, "evaluate", endless)
    session = Session(DIGITS.with_values({**OFTEN, "max_steps": 1_000_000}), threads=1)
    session.start()
    assert started.wait(30)
    session.stop()
    assert session.wait(5)
    assert session.snapshot().status == "stopped"
    assert not [thread for thread in threading.enumerate() if thread.name == "evaluation"]


# ---- saved evaluations -----------------------------------------------------------------------------------------------


def test_evaluations_are_saved_and_continue_after_a_resume(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    first = finished(POINTS.with_values(OFTEN), store=store, max_steps=30)
    saved = store.open(first.run_id).evaluations()
    assert tuple(saved) == first.evaluations.rows
    assert saved[-1].step == 30  # a run that ends by itself is evaluated at its last step
    second = finished(store.open(first.run_id).config, run=store.open(first.run_id))
    assert second.evaluations.rows[: len(saved)] == tuple(saved)
    assert second.evaluations.step[-1] == POINTS.max_steps
    assert second.evaluations.best == second.evaluations.step[np.argmin(second.evaluations.columns["js"].value)]


def test_a_paused_run_publishes_an_evaluation_at_once() -> None:
    session = Session(ENDLESS.with_values({"record.evaluate_every": 0.05}), threads=1)
    session.start()
    until(session, lambda now: now.seconds > 0.1)
    session.pause()
    now: Snapshot = until(session, lambda now: len(now.evaluations))
    session.stop()
    assert session.wait(10)
    assert now.evaluations.metric == "js"
    js = now.evaluations.columns["js"]
    assert js.low[0] <= js.value[0] <= js.high[0]
    assert js.real[0] > 0
    assert js.provenance[0] == Provenance(400, "fresh points of the true distribution", "coordinates")
    with pytest.raises(ValueError, match="read-only"):
        js.value[0] = 0


def test_saved_evaluations_are_read_back_even_from_a_damaged_file() -> None:
    rows = [evaluation(1, 0.123456789012345), evaluation(2, 1 / 3), evaluation(3, 0.5, "kl")]
    text = as_csv(rows)
    assert from_csv(text) == rows
    assert from_csv(text[:-30])[:2] == rows[:2]
    assert from_csv("") == []
    table = Evaluations(tuple(rows), "js")
    assert list(table.columns) == ["kl", "js"]
    assert np.isnan(table.columns["js"].value).tolist() == [False, False, True]


def test_rewinding_drops_later_evaluations_and_a_later_best_checkpoint(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    run.write_evaluations([evaluation(2, 0.5), evaluation(4, 0.4), evaluation(6, 0.3)])
    trainer = stepped(run, 6, {2: 0.5, 6: 0.3})
    run.save(trainer, keep=3)
    rewind(run, 4)
    assert [row.step for row in run.evaluations()] == [2, 4]
    assert run.best() is None
    assert run.checkpoints() == [2]


# ---- the best checkpoint ---------------------------------------------------------------------------------------------


def stepped(run: Run, steps: int, best: dict[int, float], keep: int = 3) -> Trainer:
    """A trainer after `steps` steps; `best` maps steps to the metric values with which they are kept as the best."""
    trainer = Trainer(POINTS, "cpu")
    for step in range(1, steps + 1):
        trainer.step()
        if step in best:
            run.keep_best(trainer.state_dict(), Best(step, "js", best[step]), keep)
    return trainer


def test_the_best_checkpoint_is_kept_beside_the_last_ones(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    stepped(run, 3, {3: 0.2}, keep=2)
    trainer = run.trainer("cpu", step="best")
    best = trainer.generate(8)
    for _ in range(5):
        trainer.step()
        run.save(trainer, keep=2)
    assert run.checkpoints() == [3, 7, 8]
    assert run.best() == Best(3, "js", 0.2)
    reopened = run.trainer("cpu", step="best")
    assert reopened.steps == 3
    assert torch.equal(reopened.generate(8), best)
    assert run.trainer("cpu").steps == 8


def test_a_better_checkpoint_replaces_the_best(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    trainer = stepped(run, 4, {1: 0.3, 4: 0.2}, keep=1)
    assert run.checkpoints() == [1, 4]  # step 1 is kept as one of the last
    for _ in range(2):
        trainer.step()
        run.save(trainer, keep=1)
    assert run.checkpoints() == [4, 6]


def test_a_failed_write_leaves_the_previous_best_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunStore(tmp_path).create(POINTS)
    trainer = stepped(run, 1, {1: 0.3})
    trainer.step()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "_flush", full)
    with pytest.raises(OSError, match="No space"):
        run.keep_best(trainer.state_dict(), Best(2, "js", 0.1), keep=1)
    assert run.best() == Best(1, "js", 0.3)
    assert run.checkpoints() == [1]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"step": 1}', '{"step": 99, "metric": "js", "value": 0.1}'])
def test_a_missing_or_damaged_best_json_is_reported(text: str, tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    run.save(Trainer(POINTS, "cpu"), keep=1)
    (run.path / "best.json").write_text(text)
    with pytest.raises(RunError, match="has no evaluated checkpoint"):
        run.trainer("cpu", step="best")


def test_a_session_keeps_its_best_checkpoint(tmp_path: Path) -> None:
    now = finished(POINTS.with_values({**OFTEN, "record.keep": 1}), store=RunStore(tmp_path))
    run = RunStore(tmp_path).open(now.run_id)
    best = run.best()
    assert best is not None
    assert best.step == now.evaluations.best
    assert best.value == min(now.evaluations.columns["js"].value)
    assert run.trainer("cpu", step="best").steps == best.step
    assert run.checkpoints()[-1] == POINTS.max_steps
    assert len(run.checkpoints()) <= 2

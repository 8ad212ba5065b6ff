"""Judging never disturbs training, never fails into it, and the best checkpoint outlives the last few."""

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
from gan_core.runs import Run, RunError, RunStore, checkpoint, summarise
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


def judged(step: int, value: float, name: str = "js") -> Evaluation:
    basis = Provenance(400, "fresh points", "coordinates, of points")
    return Evaluation(step, step / 10, step / 7, 16 * step, (MetricValue(name, value, value - 0.1, None, 0.3, basis),))


# ---- neutral ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIANTS)
def test_a_run_that_is_judged_trains_as_one_that_is_not(name: str) -> None:
    config = VARIANTS[name]
    never, often = (finished(config.with_values({"record.evaluate_every": every})) for every in (0, 0.001))
    assert len(never.evaluations) == 0
    assert len(often.evaluations) > 0
    assert curves(often) == curves(never)


@pytest.mark.parametrize("name", ["points", "digits"])
def test_a_run_may_be_judged_at_fixed_steps_while_it_waits(name: str) -> None:
    config = VARIANTS[name].with_values({"record.evaluate_every": 0, "max_steps": 12})
    never, often = finished(config), finished(config.with_values({"record.judge_every": 5}))
    assert often.evaluations.step.tolist() == [5, 10, 12]
    assert curves(often) == curves(never)


def test_a_step_whose_judgement_was_cut_off_by_a_stop_is_judged_once_the_run_goes_on(tmp_path: Path) -> None:
    store, config = RunStore(tmp_path), POINTS.with_values({"record.judge_every": 20, "max_steps": 60})
    first = Session(config.with_values({"record.judge_every": 0}), store, threads=1, max_steps=40)
    first.start()
    assert first.wait(60)
    run = store.open(first.snapshot().run_id)
    run.write_config(config)  # stands at step 40, as after a stop, without a judgement of it
    second = Session(config, store, threads=1, run=run)
    second.start()
    assert second.wait(60)
    assert [row.step for row in run.evaluations()] == [40, 60]


def test_the_global_generator_and_training_threads_are_left_alone() -> None:
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    trainer = Trainer(POINTS, "cpu")
    evaluator = Evaluator(trainer, None, lambda update: None)
    evaluator.start(trainer, 1.0)
    assert evaluator.wait(60)
    assert len(evaluator.evaluations) == 1
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("config", [POINTS, DIGITS], ids=["points", "digits"])
def test_the_same_weights_are_judged_alike_and_as_they_were_when_handed_over(config: TrainConfig) -> None:
    trainer = Trainer(config, "cpu")
    evaluator = Evaluator(trainer, None, lambda update: None)
    for steps_between in (0, 2):
        evaluator.start(trainer, 1.0)
        for _ in range(steps_between):
            trainer.step()
        assert evaluator.wait(60)
    first, second = evaluator.evaluations.rows
    assert first == second


def test_one_judgement_runs_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
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


# ---- never into training ---------------------------------------------------------------------------------------------


def test_a_judgement_that_fails_is_an_event_and_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the judge is ill")

    monkeypatch.setattr(metrics.point_quality.PointEvaluator, "evaluate", broken)
    now = finished(POINTS.with_values(OFTEN), store=RunStore(tmp_path))
    assert (now.status, now.error, len(now.evaluations)) == ("finished", "", 0)
    run = RunStore(tmp_path).open(now.run_id)
    [event] = [event for event in run.events() if event["kind"] == "unjudged"]  # once, not at every judgement
    assert event["error"] == "RuntimeError: the judge is ill"
    assert summarise(run).status == "finished"


def test_a_copy_that_does_not_fit_in_memory_is_an_event_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(state: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(evaluator_module, "_copy_to_cpu", full)
    now = finished(POINTS.with_values(OFTEN), store=RunStore(tmp_path))
    assert (now.status, now.error) == ("finished", "")
    events = RunStore(tmp_path).open(now.run_id).events()
    assert [event["error"] for event in events if event["kind"] == "unjudged"] == ["MemoryError: no room"]


def test_data_too_few_to_judge_by_do_not_stop_training(tmp_path: Path) -> None:
    now = finished(DIGITS.with_values({**OFTEN, "data.count": 8, "batch_size": 4}), store=RunStore(tmp_path))
    assert now.status == "finished"
    events = RunStore(tmp_path).open(now.run_id).events()
    assert "at least 12 real images" in next(event["error"] for event in events if event["kind"] == "unjudged")


def test_stopping_waits_for_no_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def endless(images: torch.Tensor, dataset: object, progress: metrics.quality.Progress) -> None:
        begun.set()
        while True:
            progress(0.5, "comparing")
            time.sleep(0.01)

    monkeypatch.setattr(metrics, "evaluate", endless)
    session = Session(DIGITS.with_values({**OFTEN, "max_steps": 1_000_000}), threads=1)
    session.start()
    assert begun.wait(30)
    session.stop()
    assert session.wait(5)
    assert session.snapshot().status == "stopped"
    assert not [thread for thread in threading.enumerate() if thread.name == "evaluation"]


# ---- what is kept ----------------------------------------------------------------------------------------------------


def test_judgements_are_kept_and_go_on_after_a_resume(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    first = finished(POINTS.with_values(OFTEN), store=store, max_steps=30)
    kept = store.open(first.run_id).evaluations()
    assert tuple(kept) == first.evaluations.rows
    assert kept[-1].step == 30  # a run that ends by itself is judged where it ends
    second = finished(store.open(first.run_id).config, run=store.open(first.run_id))
    assert second.evaluations.rows[: len(kept)] == tuple(kept)
    assert second.evaluations.step[-1] == POINTS.max_steps
    assert second.evaluations.best == second.evaluations.step[np.argmin(second.evaluations.columns["js"].value)]


def test_a_paused_run_shows_a_judgement_as_soon_as_it_is_there() -> None:
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


def test_judgements_read_back_as_they_were_kept_even_when_the_file_is_damaged() -> None:
    rows = [judged(1, 0.123456789012345), judged(2, 1 / 3), judged(3, 0.5, "kl")]
    text = as_csv(rows)
    assert from_csv(text) == rows
    assert from_csv(text[:-30])[:2] == rows[:2]
    assert from_csv("") == []
    table = Evaluations(tuple(rows), "js")
    assert list(table.columns) == ["kl", "js"]
    assert np.isnan(table.columns["js"].value).tolist() == [False, False, True]


def test_rewinding_forgets_judgements_and_a_best_after_the_step(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    run.write_evaluations([judged(2, 0.5), judged(4, 0.4), judged(6, 0.3)])
    trainer = stepped(run, 6, {2: 0.5, 6: 0.3})
    run.save(trainer, keep=3)
    run.rewind(4)
    assert [row.step for row in run.evaluations()] == [2, 4]
    assert run.best() is None
    assert run.checkpoints() == [2]


# ---- the best --------------------------------------------------------------------------------------------------------


def stepped(run: Run, steps: int, best: dict[int, float], keep: int = 3) -> Trainer:
    """A trainer after so many steps, whose states at the steps of `best` were kept with these values."""
    trainer = Trainer(POINTS, "cpu")
    for step in range(1, steps + 1):
        trainer.step()
        if step in best:
            run.keep_best(trainer.state_dict(), Best(step, "js", best[step]), keep)
    return trainer


def test_the_best_checkpoint_outlives_the_last_few(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    stepped(run, 3, {3: 0.2}, keep=2)
    trainer = run.trainer("cpu", step="best")
    best = trainer.generate(8)
    for _ in range(5):
        trainer.step()
        run.save(trainer, keep=2)
    assert run.checkpoints() == [3, 7, 8]
    assert run.best() == Best(3, "js", 0.2)
    again = run.trainer("cpu", step="best")
    assert again.steps == 3
    assert torch.equal(again.generate(8), best)
    assert run.trainer("cpu").steps == 8


def test_a_better_one_takes_its_place(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    trainer = stepped(run, 4, {1: 0.3, 4: 0.2}, keep=1)
    assert run.checkpoints() == [1, 4]  # the first is now one of the last few
    for _ in range(2):
        trainer.step()
        run.save(trainer, keep=1)
    assert run.checkpoints() == [4, 6]


def test_a_best_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_run_without_a_readable_best_says_so(text: str, tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(POINTS)
    run.save(Trainer(POINTS, "cpu"), keep=1)
    (run.path / "best.json").write_text(text)
    with pytest.raises(RunError, match="none is the best"):
        run.trainer("cpu", step="best")


def test_a_session_keeps_the_best_that_it_found(tmp_path: Path) -> None:
    now = finished(POINTS.with_values({**OFTEN, "record.keep": 1}), store=RunStore(tmp_path))
    run = RunStore(tmp_path).open(now.run_id)
    best = run.best()
    assert best is not None
    assert best.step == now.evaluations.best
    assert best.value == min(now.evaluations.columns["js"].value)
    assert run.trainer("cpu", step="best").steps == best.step
    assert run.checkpoints()[-1] == POINTS.max_steps
    assert len(run.checkpoints()) <= 2

"""Evaluations that the data do not allow, or that were measured with other features before."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gan_core import metrics
from gan_core.metrics.evaluations import Best
from gan_core.runs import RunStore
from gan_core.session.saved_snapshot import saved_snapshot
from tests.session.test_session import finished
from tests.support.small import DIGITS

OFTEN = {"record.evaluate_every": 0.001}


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "IMAGES", 100)


@pytest.mark.parametrize("count", [3, 11])
def test_too_few_images_for_an_evaluation_do_not_stop_training(tmp_path: Path, count: int) -> None:
    now = finished(DIGITS.with_values({**OFTEN, "data.count": count, "batch_size": 2}), store=RunStore(tmp_path))
    assert now.status == "finished"
    run = RunStore(tmp_path).open(now.run_id)
    [event] = [event for event in run.events() if event["kind"] == "unjudged"]  # said once
    reason = f"the data hold {count} different pictures, and quality needs at least 50; add pictures to measure it"
    assert event["error"] == f"ValueError: {reason}"
    assert now.evaluation_error == saved_snapshot(run).evaluation_error == reason


def test_a_best_checkpoint_of_other_features_is_replaced(tmp_path: Path) -> None:
    """Its value would compare with values on another scale."""
    store = RunStore(tmp_path)
    run = store.open(finished(DIGITS.with_values(OFTEN), store=store, max_steps=6).run_id)
    [*_, last] = run.evaluations()
    other = tuple(
        dataclasses.replace(
            metric,
            value=0.0,
            provenance=dataclasses.replace(metric.provenance, extractor="x classifier (quarter turns)"),
        )
        for metric in last.metrics
    )
    run.write_evaluations([dataclasses.replace(last, metrics=other)])
    (run.path / "best.json").write_text(Best(last.step, "frechet", 0.0).as_json())
    after = finished(run.config, run=run)
    assert after.evaluations.best != last.step
    assert after.evaluations.rows[0].metrics[0].provenance.extractor == "x classifier (quarter turns)"

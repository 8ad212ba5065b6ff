"""Sample statistics, and the findings of real sessions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.failure_modes import CASES
from gan_core.diagnosis import SampleStats
from gan_core.diagnosis.sample_stats import KEPT, SampleStatsLog, SampleStatsMeter, overfitting
from gan_core.runs import RunStore, summarize
from gan_core.runs.rewind import rewind
from gan_core.session import Session
from gan_core.session.observer import Observer
from gan_core.training.trainer import Trainer
from tests.support.small import POINTS, trained

# ---- sample statistics -----------------------------------------------------------------------------------------------


def test_sample_stats_are_relative_to_real_examples() -> None:
    rng = torch.Generator().manual_seed(0)
    data = torch.randn(500, 2, generator=rng)
    meter = SampleStatsMeter(data, torch.arange(100))
    fresh = meter(torch.randn(100, 2, generator=rng).numpy(), 1)
    assert fresh is not None
    assert fresh.spread == pytest.approx(1, abs=0.15)
    assert fresh.nearest == pytest.approx(1, abs=0.4)
    copies, constant = meter(data[:100].numpy(), 2), meter(np.zeros((100, 2), np.float32), 3, 0.5)
    assert copies is not None
    assert constant is not None
    assert copies.nearest < 0.01
    assert (constant.spread, constant.covered) == (0, 0.5)
    assert meter(np.full((100, 2), np.nan, np.float32), 4) is None


def test_overfitting_is_how_much_lower_unseen_examples_score() -> None:
    noise = 0.02 * np.random.Generator(np.random.PCG64(0)).normal(size=64)
    assert overfitting(0.9 + noise, 0.1 + noise, 0.1 + noise) == pytest.approx(1)
    assert overfitting(0.9 + noise, 0.7 + noise, 0.1 + noise) == pytest.approx(0.25)
    assert overfitting(0.5 + noise, 0.499 + noise, 0.498 + noise) == 0, "within the noise"
    assert overfitting(0.2 + noise, 0.1 + noise, 0.9 + noise) == 0, "fakes score like real samples"


def test_a_discriminator_overfits_to_ten_digits() -> None:
    config = CASES["digits-copied"].config(seed=0).with_values({"batch_size": 10})
    trainer = trained(config, 300)
    observer = Observer(trainer)
    sample_stats = observer.sample_stats(observer.sample_view(trainer), 300)
    assert sample_stats is not None
    assert sample_stats.overfit is not None
    assert sample_stats.overfit > 0.5
    everything = Observer(Trainer(config.with_values({"data.count": 0}), "cpu"))
    assert everything.unseen is None


def test_pictures_and_data_have_the_same_units() -> None:
    data = torch.randint(0, 256, (50, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    sample_stats = SampleStatsMeter(data, torch.arange(20))(data[:20].permute(0, 2, 3, 1).numpy(), 1)
    assert sample_stats is not None
    assert sample_stats.spread == pytest.approx(1)
    assert sample_stats.nearest < 0.01


def test_the_log_is_bounded_and_keeps_both_ends() -> None:
    kept = SampleStatsLog()
    for step in range(5000):
        kept.add(SampleStats(step, 1.0, 1.0))
    steps = [stats.step for stats in kept.view()]
    assert len(steps) <= KEPT
    assert (steps[0], steps[-1]) == (0, 4999)
    assert steps == sorted(set(steps))


# ---- real runs -------------------------------------------------------------------------------------------------------

STEPS_APART = 0.02  # seconds between snapshots, so that a short run is diagnosed often


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("digits-collapse", 500),
        ("plane-oscillation", 900),
        ("ring-strong-d", 400),
        ("ring-divergence", 400),
        ("ring8", 900),
    ],
)
def test_a_session_names_its_failure_mode_once(
    name: str, steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_core.session.publisher.INTERVAL", STEPS_APART)
    monkeypatch.setattr("gan_core.session.sample_views.VIEW_SHARE", 0.5)
    monkeypatch.setattr("gan_core.session.sample_views.FIT_SHARE", 0.3)
    case = CASES[name]
    config = case.config(seed=0).with_values({"max_steps": steps, "record.samples": 64, "record.frame_every": 10_000})
    session = Session(config, RunStore(tmp_path), device="cpu", threads=1)
    session.start()
    assert session.wait(300)
    run = RunStore(tmp_path).open(session.snapshot().run_id)
    named = [event["id"] for event in run.events() if event["kind"] == "named"]
    assert len(named) == len(set(named))
    assert case.wanted in named if case.wanted else named == []
    for line in (run.path / "events.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
    assert run.sample_stats() or case.wanted == "divergence"


def test_sample_stats_and_findings_survive_a_resume(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    session = Session(POINTS, store, device="cpu", threads=1)
    session.start()
    assert session.wait(60)
    run = store.open(session.snapshot().run_id)
    run.log("named", 50, id="mode-collapse", since=1, evidence=[])
    before = run.sample_stats()
    assert before
    again = Session(POINTS, store, device="cpu", threads=1, run=run, max_steps=40)
    again.start()
    assert again.wait(60)
    assert run.sample_stats()[: len(before)] == before
    assert summarize(run).status != "named"
    rewind(run, before[0].step)
    assert run.sample_stats() == [stats for stats in before if stats.step <= before[0].step]

"""The values of the quality chart, and what stands in their place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from gan_core.config import TrainConfig
from gan_core.diagnosis import SampleStats
from gan_core.metrics.evaluations import Evaluation, Evaluations
from gan_core.metrics.point_quality import PointEvaluator
from gan_core.metrics.registry import MetricValue, Provenance
from gan_core.session.snapshot import Snapshot
from tests.support.small import DIGITS, POINTS
from ui.train import quality


def evaluations(*values: float, extractor: str = "classifier", name: str = "frechet") -> Evaluations:
    provenance = Provenance(2000, "5,000 of training", extractor)
    coverage = MetricValue("coverage", 0.42, 0.4, 0.44, 0.97, provenance)
    rows = [
        Evaluation(100 * n, n, 15.0 * n, 1, (MetricValue(name, value, value - 1, value + 1, 1.1, provenance), coverage))
        for n, value in enumerate(values, 1)
    ]
    return Evaluations(tuple(rows), name)


def test_the_curve_of_images_has_intervals_the_score_of_real_data_and_a_word() -> None:
    curve = quality.curve(Snapshot(DIGITS, evaluations=evaluations(80.0, 57.0)))
    assert (curve.step.tolist(), curve.value.tolist()) == ([100, 200], [80.0, 57.0])
    assert (curve.low.tolist(), curve.high.tolist()) == ([79.0, 56.0], [81.0, 58.0])
    assert (curve.label, curve.real, curve.word) == ("Fréchet distance", 1.1, "fair")


def test_values_of_other_features_are_left_out() -> None:
    old, new = evaluations(900.0, extractor="quarter turns"), evaluations(0.0, 57.0)
    mixed = Evaluations((old.rows[0], new.rows[1]), "frechet")
    assert quality.curve(Snapshot(DIGITS, evaluations=mixed)).value.tolist() == [57.0]


def test_points_have_a_value_for_each_measured_step() -> None:
    stats = [SampleStats(step, 1.0, 1.0, js=js) for step, js in ((1, 0.9), (50, None), (90, 0.5))]
    fit = PointEvaluator(POINTS).fit(torch.zeros(100, 2))
    now = Snapshot(POINTS, sample_stats=tuple(stats), fit=fit, evaluations=evaluations(0.2, name="js"))
    curve = quality.curve(now)
    assert (curve.step.tolist(), curve.value.tolist()) == ([1, 90, 100], [0.9, 0.5, 0.2])
    assert (curve.real, curve.word) == (1.1, "fair")
    early = quality.curve(replace(now, evaluations=Evaluations()))
    assert early.real is not None
    assert 0 < early.real < 0.02


@pytest.mark.parametrize(
    ("config", "values", "changes", "told"),
    [
        (DIGITS, {}, {}, "first score in about 15 seconds"),
        (DIGITS, {}, {"seconds": 16.0}, "measuring"),
        (DIGITS, {"record.judge_every": 500}, {}, "first score at step 500"),
        (DIGITS, {"record.evaluate_every": 0.0}, {}, 'never measured, because "Evaluate every" is 0'),
        (DIGITS, {}, {"status": "stopped"}, "the run ended before its first score"),
        (DIGITS, {}, {"evaluation_error": "too few pictures"}, "none. too few pictures"),
        (POINTS, {}, {}, "first score with the first samples"),
    ],
)
def test_a_run_without_a_score_says_why(
    config: TrainConfig, values: dict[str, Any], changes: dict[str, Any], told: str
) -> None:
    assert told in quality.reason_of_absence(replace(Snapshot(config.with_values(values)), **changes))

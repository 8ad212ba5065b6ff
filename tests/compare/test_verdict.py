"""A verdict reports a difference where there is one, and rarely where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gan_core import compare
from gan_core.compare import Axis, Claim, Comparison, Results
from gan_core.compare.analysis import charts
from gan_core.compare.analysis.verdict import holm, paired_t, sign_flip_p
from gan_core.compare.measures import MEASURES, TrialData, rolling
from gan_core.metrics.evaluations import Evaluation, Evaluations
from gan_core.metrics.point_quality import PointEvaluator
from gan_core.metrics.registry import MetricValue, Provenance
from gan_core.training.history import COLUMNS, History
from gan_core.training.trainer import Trainer
from tests.support.small import POINTS

PLAN = compare.comparison(
    base=POINTS, axes=[Axis.of("optimizer_d.lr", [1e-4, 1e-3, 1e-2])], seeds=[0, 1, 2], steps=100
)  # "0.0001" is the reference


def history(rows: np.ndarray) -> History:
    """A history of these losses (n, 2), with a row for each step of 16 images."""
    n = len(rows)
    step = np.arange(1.0, n + 1)
    columns = dict.fromkeys(COLUMNS, np.full(n, 0.5)) | {
        "step": step, "seconds": step / 10, "images": 16 * step, "loss_d": rows[:, 0], "loss_g": rows[:, 1],
    }  # fmt: skip
    return History(**columns)


def evaluations(values: list[float], every: int = 10) -> Evaluations:
    basis = Provenance(400, "fresh points", "coordinates, of points")
    rows = tuple(
        Evaluation(every * k, k, float(k), 16 * every * k, (MetricValue("js", value, None, None, None, basis),))
        for k, value in enumerate(values, start=1)
    )
    return Evaluations(rows, "js")


def trial(variant: str, seed: int, quality: list[float], losses: np.ndarray | None = None, **fields: Any) -> TrialData:
    losses = np.random.default_rng(seed).normal(1, 0.1, (100, 2)) if losses is None else losses
    run = TrialData(
        f"{variant}-s{seed}", variant, seed, POINTS, "finished", history(losses), evaluations(quality), (), 0, "", ()
    )
    return replace(run, **fields)


def results(qualities: dict[str, list[float]], plan: Comparison = PLAN, **fields: Any) -> Results:
    """Runs whose quality ends at these values, one for each seed."""
    runs = [trial(v, seed, [2 * q, q], **fields) for v, ends in qualities.items() for seed, q in enumerate(ends)]
    return Results(plan, tuple(runs), (), {variant.id: variant.title for variant in plan.variants})


def test_the_paired_test_equals_scipys() -> None:
    ours, theirs = np.array([1.0, 1.3, 0.9, 1.4]), np.array([0.8, 0.9, 0.85, 1.0])
    p, low, high = paired_t(ours - theirs)
    known = stats.ttest_rel(ours, theirs)
    assert p == pytest.approx(known.pvalue)
    assert (low, high) == pytest.approx(tuple(known.confidence_interval()))


def test_holms_correction_matches_the_textbook() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, None, 0.5]) == [1.0, None, 1.0]


def test_the_sign_flip_test_shows_nothing_with_three_seeds() -> None:
    assert sign_flip_p(np.array([5.0, 6.0, 7.0])) == 0.25
    assert sign_flip_p(np.array([5.0, 6.0, 7.0, 5.5, 6.5, 5.2])) == 2 / 64


def test_stopped_runs_are_not_tested() -> None:
    """A user who stops a run when it looks bad would otherwise choose the winner."""
    whole = results({"0.0001": [1.0, 1.1, 0.9], "0.001": [10.0, 11.0, 9.0]})
    assert compare.verdicts(whole, ["quality"])[0].better == "0.0001"
    one = [replace(run, status="stopped") if run.key == "0.001-s1" else run for run in whole.runs]
    verdict = compare.verdicts(replace(whole, runs=tuple(one)), ["quality"])[0]
    assert (verdict.pairs, verdict.p, verdict.better) == (2, None, None)
    assert verdict.text.endswith(": 1 of the runs was stopped before the end.")
    assert replace(whole, runs=tuple(one)).values("quality", "0.001") == whole.values("quality", "0.001")  # still shown


def test_two_seeds_are_too_few_for_a_verdict() -> None:
    ends = {"0.0001": [0.8, 0.81], "0.001": [0.1, 0.1], "0.01": [0.2, 0.2]}
    verdict = compare.verdicts(results(ends), ["quality"])[0]
    assert verdict.better is None
    assert "fewer than 3 seeds" in verdict.text


def test_a_large_difference_is_reported_as_a_ratio() -> None:
    found = compare.verdicts(results({"0.0001": [0.8, 0.84, 0.81], "0.001": [0.2, 0.21, 0.2], "0.01": [0.8, 0.7, 0.9]}))
    large, none, *_ = found
    assert large.better == "0.001"
    assert large.effect == pytest.approx(0.25, abs=0.01)
    assert "Jensen-Shannon divergence at the end 0.249 times that of lr 0.0001" in large.text
    assert large.text.endswith("Better.")
    assert none.better is None
    assert "no difference shown" in none.text


def test_a_difference_within_the_spread_of_seeds_is_not_reported() -> None:
    found = compare.verdicts(results({"0.0001": [0.5, 0.9, 0.3], "0.001": [0.6, 0.4, 0.5], "0.01": [0.4, 0.8, 0.4]}))
    assert [verdict.better for verdict in found] == [None] * len(found)


def test_failed_runs_are_reported_and_not_tested() -> None:
    some = results({"0.0001": [0.5, 0.6, 0.5], "0.001": [0.6, 0.4, 0.5], "0.01": [0.1, 0.1, 0.1]})
    failed = [replace(run, status="failed") if run.variant == "0.01" else run for run in some.runs]
    verdict = compare.verdicts(replace(some, runs=tuple(failed)), ["quality"])[1]
    assert verdict.better is None
    assert "3 of the runs failed" in verdict.text


FIRST_IS_BEST, NO_DIFFERENCE = Claim(says="The first is best.", best="0.0001"), Claim(says="It does not matter.")


@pytest.mark.parametrize(
    ("claim", "ends", "outcome"),
    [
        (FIRST_IS_BEST, ([0.1, 0.11, 0.1], [0.5, 0.52, 0.55], [0.9, 0.8, 0.85]), "confirmed"),
        (FIRST_IS_BEST, ([0.5, 0.52, 0.55], [0.1, 0.11, 0.1], [0.9, 0.8, 0.85]), "refuted"),
        (FIRST_IS_BEST, ([0.5, 0.3, 0.9], [0.6, 0.4, 0.5], [0.9, 0.3, 0.4]), "undecided"),
        (NO_DIFFERENCE, ([0.5, 0.6, 0.7], [0.51, 0.6, 0.69], [0.5, 0.61, 0.7]), "confirmed"),
        (NO_DIFFERENCE, ([0.5, 0.6, 0.7], [0.1, 0.12, 0.14], [0.5, 0.61, 0.7]), "refuted"),
        (NO_DIFFERENCE, ([0.5, 0.3, 0.9], [0.6, 0.4, 0.5], [0.9, 0.3, 0.4]), "undecided"),
    ],
)
def test_a_claim_is_decided_by_the_tests(claim: Claim, ends: tuple[list[float], ...], outcome: str) -> None:
    found = results(dict(zip(("0.0001", "0.001", "0.01"), ends, strict=True)), PLAN.with_fields(claims=[claim]))
    assert [result.outcome for result in compare.claims(found)] == [outcome]


def trained(seed: int, evaluator: PointEvaluator) -> TrialData:
    """A trained run of one small experiment."""
    trainer = Trainer(POINTS.with_values({"seed": seed, "instance_noise": 0}), "cpu")
    rows = np.array([[record.loss_d, record.loss_g] for record in (trainer.step() for _ in range(80))])
    return trial("", seed, [1.0, evaluator.fit(trainer.generate(4000, seed=1)).js], losses=rows)


def test_an_experiment_compared_with_itself_differs_in_at_most_two_of_twenty_comparisons() -> None:
    """Deals forty trained runs twenty times into three equal variants of three seeds."""
    evaluator, deal = PointEvaluator(POINTS), np.random.default_rng(7)
    runs = [trained(seed, evaluator) for seed in range(40)]
    alarms = 0
    for _ in range(20):
        hand = deal.permutation(len(runs))[:9].reshape(3, 3)
        dealt = [
            replace(runs[i], variant=variant.id, seed=seed)
            for variant, row in zip(PLAN.variants, hand, strict=True)
            for seed, i in enumerate(row)
        ]
        found = compare.verdicts(Results(PLAN, tuple(dealt), (), {v.id: v.title for v in PLAN.variants}))
        assert all(verdict.p is not None for verdict in found)
        alarms += any(verdict.better is not None for verdict in found)
    assert alarms <= 2


def test_false_alarms_stay_below_one_in_twenty_over_a_thousand_draws() -> None:
    draws = np.random.default_rng(3).normal(0, 1, (1000, 4, 3))
    alarms = [min(p for p in holm([paired_t(sample)[0] for sample in draw]) if p is not None) < 0.05 for draw in draws]
    assert np.mean(alarms) < 0.065  # 0.05 and two standard errors


def value(name: str, run: TrialData, level: float = 0.3) -> float | None:
    return MEASURES[name].of(run, level)


def test_a_linear_trend_is_no_loss_noise() -> None:
    step = np.arange(200.0)
    straight = np.stack((1 + step / 50, 3 - step / 100), axis=1)
    noisy = straight + np.random.default_rng(0).normal(0, 0.2, straight.shape)
    assert value("loss_noise", trial("a", 0, [1.0], straight)) == pytest.approx(0, abs=1e-9)
    assert value("loss_noise", trial("a", 0, [1.0], noisy)) == pytest.approx(0.2, rel=0.15)


def test_quality_is_measured_at_the_end_at_the_best_and_by_the_time_to_a_level() -> None:
    run = trial("a", 0, [0.9, 0.25, 0.2, 0.4])
    assert [value(name, run) for name in ("quality", "best", "level")] == [0.4, 0.2, 2.0]
    assert value("level", run, level=0.1) is None
    assert value("quality", replace(run, status="failed")) is None


def test_loss_and_quality_correlate_if_they_move_together() -> None:
    falling = np.stack((-np.linspace(3, 1, 100), np.ones(100)), axis=1)  # a critic's loss rises towards 0
    qualities = list(np.linspace(0.9, 0.1, 10))
    assert value("loss_quality_correlation", trial("a", 0, qualities, falling)) == pytest.approx(1)
    assert value("loss_quality_correlation", trial("a", 0, qualities[::-1], falling)) == pytest.approx(-1)


def test_a_loss_has_converged_when_it_stays_near_its_last_value() -> None:
    loss = np.concatenate((np.linspace(5, 1, 50), np.ones(50)))
    run = trial("a", 0, [1.0], np.stack((loss, loss), axis=1))
    assert value("converged_at", run) == pytest.approx(16 * 46, abs=16 * 3)


def test_a_rolling_mean_starts_with_fewer_values() -> None:
    assert rolling(np.array([1.0, 3.0, 5.0, 7.0]), 2).tolist() == [1.0, 2.0, 4.0, 6.0]


def test_a_curve_has_the_median_of_its_seeds_and_a_band_around_all() -> None:
    losses = [np.full((100, 2), level) for level in (1.0, 2.0, 4.0)]
    runs = tuple(trial("0.001", seed, [1.0], rows) for seed, rows in enumerate(losses))
    (curve,) = Results(PLAN, runs, (), {"0.001": "lr 0.001"}).curve("loss_d", "images")
    assert (curve.seeds, curve.x[-1]) == (3, 1600)
    assert set(curve.low) == {1.0}
    assert set(curve.median) == {2.0}
    assert set(curve.high) == {4.0}


def test_a_shorter_run_counts_only_up_to_its_end() -> None:
    runs = (trial("0.001", 0, [1.0], np.ones((100, 2))), trial("0.001", 1, [1.0], np.full((50, 2), 3.0)))
    (curve,) = Results(PLAN, runs, (), {"0.001": "lr 0.001"}).curve("loss_d")
    assert curve.median[curve.x <= 50].tolist() == [2.0] * 50
    assert set(curve.median[curve.x > 50]) == {1.0}


def test_a_report_needs_no_network_and_escapes_markup() -> None:
    plan = PLAN.with_fields(title="<script>alert(1)</script>", claims=[Claim(says="<b>", best="0.01")])
    page = compare.report.html(
        results({"0.0001": [0.5, 0.6, 0.5], "0.001": [0.6, 0.4, 0.5], "0.01": [0.1, 0.1, 0.2]}, plan)
    )
    assert "<script" not in page
    assert "http" not in page
    assert page.count('src="data:image/svg+xml;base64,') == 4
    assert "&lt;b&gt;" in page


def test_a_chart_is_an_svg_file_with_a_line_and_a_band_for_each_variant() -> None:
    some = results({"0.0001": [0.5, 0.6, 0.5], "0.001": [0.6, 0.4, 0.5], "0.01": [0.1, 0.1, 0.2]})
    chart = charts.svg(some.curve("quality"), "costs $5", "steps", log=True).decode()
    assert chart.startswith("<?xml")
    for colour in charts.COLOURS[:3]:
        assert f"stroke: {colour.lower()}" in chart
        assert f"fill: {colour.lower()}; fill-opacity: 0.15" in chart
    assert "log scale" in chart

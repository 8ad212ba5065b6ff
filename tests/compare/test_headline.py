"""The headline names a winner only where the tests show one, and the seeds that it asks for usually settle it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gan_core import compare
from gan_core.compare.analysis import power
from gan_core.compare.analysis.headline import Headline, answer

TITLES = {"a": "A", "b": "B", "c": "C", "d": "D"}
METRIC = "Fréchet distance"


def of(**values: list[float]) -> Headline:
    """The answer of these runs, one for each seed."""
    return answer({id: dict(enumerate(runs)) for id, runs in values.items()}, TITLES, METRIC)


@pytest.mark.parametrize(("effect", "pairs"), [(0.5, 34), (0.8, 15), (1.0, 10)])
def test_the_power_of_a_paired_test_equals_published_tables(effect: float, pairs: int) -> None:
    """The numbers of pairs for a power of 0.8 at 0.05, two-sided: Cohen (1988), and the program G*Power."""
    n = np.arange(2, 60)
    assert n[power.power_to_separate(n, effect, 0.05) >= 0.8][0] == pairs


@pytest.mark.parametrize(("n", "effect", "margin"), [(8, 0.0, 1.5), (20, 0.3, 1.0), (6, -0.5, 2.0)])
def test_the_power_to_equate_equals_a_simulation(n: int, effect: float, margin: float) -> None:
    draws = np.random.default_rng(0).normal(effect, 1, (20_000, n))
    half = power.stats.t.isf(0.025, n - 1) * draws.std(axis=1, ddof=1) / math.sqrt(n)
    within = (draws.mean(axis=1) - half > -margin) & (draws.mean(axis=1) + half < margin)
    assert power.power_to_equate(np.array([n]), effect, margin, 0.05)[0] == pytest.approx(within.mean(), abs=0.01)


def test_more_seeds_are_needed_for_a_smaller_difference_and_there_is_a_limit() -> None:
    spread = np.array([-0.3, 0.0, 0.3])
    needed = [power.seeds_needed(spread + shift, 0.05, 0.01, 0.05) for shift in (0.5, 0.25, 0.12, 0.01)]
    assert needed[:3] == sorted(filter(None, needed))
    assert needed[0] is not None
    assert needed[0] > len(spread)
    assert needed[3] is None
    assert power.seeds_needed(np.full(3, 0.0), 0.05, 0.2, 0.05) == 4


def test_a_clear_winner_is_named_with_its_lead_and_its_certainty() -> None:
    found = of(a=[10, 11, 10.5], b=[20, 22, 21.2], c=[40, 44, 42])
    assert (found.outcome, found.winner, found.rival, found.more_seeds) == ("best", "a", "b", 0)
    assert found.factor == pytest.approx(2, rel=0.02)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 2 < found.high
    assert found.text == "Best samples: A, ahead of B by a factor of 2.01."
    assert "95 % interval" in found.detail
    assert "3 seeds" in found.detail
    assert of(a=[10, 11, 10.5], b=[20, 22, 21.2]).text.startswith("Better samples: A, ahead of B")


def test_a_lead_within_the_spread_of_the_seeds_is_not_settled_and_says_what_would_settle_it() -> None:
    found = of(a=[10, 14, 9], b=[12, 11, 13], c=[13, 12, 12], d=[14, 11, 13])
    assert (found.outcome, found.winner, found.leader) == ("open", None, "a")
    assert found.text == "Not settled: 3 seeds could not separate A from the other three."
    assert found.more_seeds
    assert f"About {found.more_seeds} more seeds would settle it" in found.detail
    some = of(a=[10, 14, 9], b=[12, 11, 13], c=[130, 180, 125])
    assert some.not_separated == ("b",)
    assert some.text == "Not settled: 3 seeds could not separate A from B."


def test_variants_that_can_only_differ_a_little_are_equally_good() -> None:
    found = of(a=[10, 11, 9, 10.5], b=[10.1, 11.2, 8.9, 10.6], c=[50, 56, 44, 51])
    assert (found.outcome, found.winner, found.more_seeds) == ("equal", None, 0)
    assert found.text == "No noticeable difference: A and B are less than 25% apart. Worse: C."


def test_too_few_seeds_and_variants_without_a_measured_run_are_named() -> None:
    found = of(a=[10], b=[20])
    assert (found.outcome, found.more_seeds, found.low, found.p) == ("open", 2, None, None)
    assert found.text == "Not settled: a verdict needs 3 seeds, and 1 is measured."
    failed = of(a=[10, 11, 10.5], b=[20, 22, 21.2], c=[])
    assert failed.winner == "a"
    assert "Without C: no run of it was measured." in failed.detail
    assert of(a=[1.0, 1.0, 1.0], b=[]).outcome == "unmeasured"
    missing = answer({"a": {0: 1.0, 1: 1.1, 2: 1.2}, "b": {2: 9.0, 3: 8.0, 4: 9.5}}, TITLES, METRIC)
    assert (missing.outcome, missing.more_seeds) == ("open", 2)  # one pair


def test_equal_variants_have_a_winner_in_at_most_one_comparison_of_twenty() -> None:
    draws = np.exp(np.random.default_rng(5).normal(0, 0.3, (500, 3, 3)))
    winners = [of(**dict(zip("abc", draw.tolist(), strict=True))).winner for draw in draws]
    assert np.mean([winner is not None for winner in winners]) <= 0.07  # 0.05 and two standard errors


def test_the_seeds_that_it_asks_for_settle_most_comparisons() -> None:
    """Four comparisons of five, if the differences keep the mean and the spread that were seen."""
    first = of(a=[10, 11, 10.2], b=[15, 12.3, 12.8])
    assert first.outcome == "open"
    assert first.more_seeds
    logs = np.log([15 / 10, 12.3 / 11, 12.8 / 10.2])
    n, rng = 3 + first.more_seeds, np.random.default_rng(1)
    settled = 0
    for _ in range(200):
        ratio = np.exp(rng.normal(logs.mean(), logs.std(ddof=1), n))
        settled += of(a=[1.0] * n, b=ratio.tolist()).outcome != "open"
    assert settled / 200 >= 0.7


@pytest.mark.parametrize(
    ("name", "outcome", "leader"),
    [("gan-dcgan-wgan", "best", "dcgan"), ("precision", "equal", "bfloat16"), ("optimizers", "open", "adadelta")],
)
def test_the_shipped_results_have_an_answer_and_curves(name: str, outcome: str, leader: str) -> None:
    found = compare.finding(compare.measured(name)[-1])
    assert (found.headline.outcome, found.headline.leader) == (outcome, leader)
    assert [curve.variant for curve in found.curves] == [variant.id for variant in compare.get(name).variants]
    assert all(np.isfinite(curve.median).all() and len(curve.x) > 3 for curve in found.curves)

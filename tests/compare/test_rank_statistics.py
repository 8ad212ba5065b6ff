"""The statistics of ranks agree with other implementations and with simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gan_core.compare.analysis import rank_statistics as ranks

VALUES = st.lists(st.floats(0.01, 100), min_size=3, max_size=7, unique=True)


def test_all_looks_together_spend_at_most_the_false_alarms() -> None:
    assert sum(map(ranks.alpha_of_look, range(40))) <= ranks.FALSE_ALARMS
    assert ranks.alpha_of_look(0) == ranks.FALSE_ALARMS / 2


@given(VALUES, VALUES)
def test_an_interval_excludes_a_ratio_of_one_only_if_the_test_shows_a_difference(
    ours: list[float], theirs: list[float]
) -> None:
    if len({*ours, *theirs}) < len(ours) + len(theirs):
        return
    estimate, low, high = ranks.ratio(ours, theirs)
    assert low <= estimate <= high
    assert (low > 1 or high < 1) == (ranks.rank_test(ours, theirs) <= 0.05)


def test_the_ratio_of_scaled_values_is_the_scale() -> None:
    theirs = np.exp(np.random.default_rng(0).normal(size=9))
    assert ranks.ratio(3 * theirs, theirs)[0] == pytest.approx(3)


def test_a_failed_run_is_worse_than_any_other_and_hides_nothing() -> None:
    good, bad = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0], [20.0, 21.0, 22.0, 23.0, 24.0, math.inf]
    assert ranks.rank_test(good, bad) == ranks.lowest_p(6, 6)
    estimate, low, high = ranks.ratio(good, bad)
    assert 0 <= low < estimate < high < 1
    assert ranks.rank_test([math.inf] * 5, [math.inf] * 5) == 1
    assert ranks.ratio([math.inf] * 5, [math.inf] * 5)[0] == 1


def test_one_outlier_hides_no_difference_that_the_t_test_loses() -> None:
    good, bad = [44.0, 45.0, 46.0, 47.0, 48.0], [60.0, 62.0, 64.0, 66.0, 920.0]
    assert stats.ttest_ind(np.log(good), np.log(bad)).pvalue > 0.05
    assert ranks.rank_test(good, bad) < 0.01


def test_too_few_values_give_an_endless_interval() -> None:
    assert ranks.ratio([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])[1:] == (0, math.inf)


def test_a_failure_rate_has_an_interval() -> None:
    low, high = ranks.failure_rate(4, 12)
    assert (round(low, 2), round(high, 2)) == (0.14, 0.61)
    assert ranks.failure_rate(0, 12)[1] > 0.2  # none of twelve does not mean never


def test_so_many_seeds_show_the_difference_in_four_of_five_studies() -> None:
    rng = np.random.default_rng(0)
    seeds = ranks.seeds_needed(rng.normal(size=2000).tolist(), rng.normal(1.0, size=2000).tolist(), alpha=0.025)
    assert seeds is not None
    shown = [ranks.rank_test(rng.normal(size=seeds), rng.normal(1.0, size=seeds)) < 0.025 for _ in range(400)]
    assert 0.72 < np.mean(shown) < 0.9


def test_equal_values_need_no_number_of_seeds() -> None:
    assert ranks.seeds_needed([1.0, 4.0], [2.0, 3.0], 0.025) is None


def test_the_seeds_suffice_for_the_lowest_p() -> None:
    for alpha in (0.025, 1e-4):
        seeds = ranks.seeds_needed([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], alpha)
        assert seeds is not None
        assert ranks.lowest_p(seeds, seeds) < alpha

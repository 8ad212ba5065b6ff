"""How many seeds a paired t-test needs, from the spread of the seeds so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

MOST_SEEDS = 100  # more are not asked for
_POWER = 0.8  # chance that the test shows a difference of the size that was seen; Cohen (1988), chapter 2.4
_LARGEST = 30.0  # of the noncentrality: beyond it, the chance is 1


def power_to_separate(n: NDArray[np.int64], effect: float, alpha: float) -> NDArray[np.float64]:
    """The chance that a two-sided paired t-test of `n` pairs shows a difference.

    With n pairs, t has Student's noncentral distribution with n - 1 degrees of freedom and the noncentrality
    effect * sqrt(n) (Cohen, 1988, "Statistical Power Analysis for the Behavioral Sciences", chapter 2).

    Args:
        n: at least 2.
        effect: the mean of the differences, divided by their standard deviation.
        alpha: the level of the test, in (0, 1).
    """
    critical = stats.t.isf(alpha / 2, n - 1)
    shift = np.minimum(abs(effect) * np.sqrt(n), _LARGEST)
    return stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift)


def power_to_equate(n: NDArray[np.int64], effect: float, margin: float, alpha: float) -> NDArray[np.float64]:
    """The chance that the confidence interval of the mean of `n` differences lies within -margin to margin.

    Phillips (1990), "Power of the two one-sided tests procedure in bioequivalence", without its small term for both
    tests failing together.

    Args:
        n: at least 2.
        effect, margin: divided by the standard deviation of the differences.
        alpha: 1 minus the confidence, in (0, 1).
    """
    critical, root = stats.t.isf(alpha / 2, n - 1), np.sqrt(n)
    gaps = [np.clip((margin - side * effect) * root, -_LARGEST, _LARGEST) for side in (1, -1)]
    return np.maximum(0.0, sum(stats.nct.sf(critical, n - 1, gap) for gap in gaps) - 1)


def seeds_needed(differences: NDArray[np.float64], alpha: float, margin: float, level: float) -> int | None:
    """The least number of pairs that probably settles a comparison: a difference is shown, or none above the margin.

    Args:
        differences: of the pairs so far, at least two.
        alpha: the level of the test for a difference, corrected for the number of tests.
        margin: a difference below it does not matter.
        level: 1 minus the confidence of the interval that must lie within the margin.

    Returns:
        More than there are pairs; None if more than `MOST_SEEDS` would be needed.
    """
    mean, spread = float(np.mean(differences)), float(np.std(differences, ddof=1))
    n = np.arange(len(differences) + 1, MOST_SEEDS + 1)
    if not len(n):
        return None
    if not spread:
        return int(n[0])
    chance = np.maximum(
        power_to_separate(n, mean / spread, alpha), power_to_equate(n, mean / spread, margin / spread, level)
    )
    enough = np.flatnonzero(chance >= _POWER)
    return int(n[enough[0]]) if len(enough) else None

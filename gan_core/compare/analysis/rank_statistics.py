"""Statistics of two samples by their ranks alone: one run that went wrong changes a rank, not the result.

The quality of GANs over seeds has outliers and failed runs, whose quality is infinite. A test of ranks assumes no
distribution and accepts both. With five seeds its lowest p is 0.008, with three 0.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import stats

FALSE_ALARMS = 0.05  # at most, over all looks at a comparison and all its pairs
POWER = 0.8  # of the number of seeds that `seeds_needed` returns
_RESAMPLES = 20_000  # for the p of tied values
_MOST_SEEDS = 200  # more are not worth their time


def alpha_of_look(look: int) -> float:
    """The false alarms that look number `look` (from 0) may spend: half of the rest.

    Looks at 5, 10 and 20 seeds spend 2.5, 1.25 and 0.625 %. By Bonferroni's inequality their sum bounds the false
    alarms of all looks, whatever the tests have in common.
    """
    return float(FALSE_ALARMS * 0.5 ** (look + 1))


def rank_test(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The two-sided p of the test of Mann and Whitney (1947), exact without ties; infinite values count as ties."""
    every = [*ours, *theirs]
    tied = len(set(every)) < len(every)
    method = stats.PermutationMethod(_RESAMPLES, rng=np.random.default_rng(0)) if tied else "exact"
    return float(stats.mannwhitneyu(ours, theirs, method=method).pvalue)


def lowest_p(ours: int, theirs: int) -> float:
    """The lowest p that `rank_test` can return for so many values."""
    return 2 / math.comb(ours + theirs, ours)


def ratio(ours: Sequence[float], theirs: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """How many times as large `ours` is as `theirs` (Hodges and Lehmann, 1963), and its interval from the rank test.

    Args:
        ours: positive values; infinite where a run failed.
        theirs: as `ours`.
    Returns:
        The ratio and the ends of its interval; 0 and infinity where there are too few values for an interval.
    """
    with np.errstate(invalid="ignore"):
        differences = np.sort(np.subtract.outer(np.log(ours), np.log(theirs)), axis=None)
    differences = np.sort(np.nan_to_num(differences, nan=0.0, posinf=np.inf, neginf=-np.inf))  # two failures are equal
    share = np.cumsum(_rank_counts(len(ours), len(theirs))) / math.comb(len(ours) + len(theirs), len(ours))
    outside = int(np.searchsorted(share, (1 - confidence) / 2, side="right"))  # differences beyond each end
    low, high = (differences[outside - 1], differences[-outside]) if outside else (-np.inf, np.inf)
    return float(np.exp(_median(differences))), float(np.exp(low)), float(np.exp(high))


def failure_rate(failed: int, runs: int) -> tuple[float, float]:
    """The 95 % interval of the share of runs that fail (Wilson, 1927)."""
    found = stats.binomtest(failed, runs).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def seeds_needed(ours: Sequence[float], theirs: Sequence[float], alpha: float) -> int | None:
    """Seeds of each variant with which `rank_test` probably shows the difference that is seen (Noether, 1987).

    Returns:
        A number of seeds up to 200, or None: the values hardly differ.
    """
    wins = stats.mannwhitneyu(ours, theirs).statistic / (len(ours) * len(theirs))
    if wins == 0.5:
        return None
    quantiles = stats.norm.isf(alpha / 2) + stats.norm.isf(1 - POWER)
    seeds = math.ceil(quantiles**2 / (6 * (wins - 0.5) ** 2))
    while lowest_p(seeds, seeds) >= alpha:
        seeds += 1
    return seeds if seeds <= _MOST_SEEDS else None


def _median(ordered: np.ndarray) -> float:
    middle = ordered[[(len(ordered) - 1) // 2, len(ordered) // 2]]
    return float(middle[0] if middle[0] == middle[1] else middle.mean())


@lru_cache(maxsize=256)
def _rank_counts(ours: int, theirs: int) -> np.ndarray:
    """How many orders of the values give each number of pairs in which ours is the larger, from 0 to all."""
    if not ours or not theirs:
        return np.ones(1)
    counts = np.zeros(ours * theirs + 1)
    last_is_ours, last_is_theirs = _rank_counts(ours - 1, theirs), _rank_counts(ours, theirs - 1)
    counts[theirs : theirs + len(last_is_ours)] += last_is_ours
    counts[: len(last_is_theirs)] += last_is_theirs
    return counts

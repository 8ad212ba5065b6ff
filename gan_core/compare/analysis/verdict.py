"""Is it luck? Each variant against the reference, in words, with the test behind them.

The test. Runs of one seed begin alike, so they are pairs, and what counts is how the pairs differ: by their ratio for
figures that are above 0 (its logarithm is what is averaged), by their difference else. Student's t-test (1908) of these
differences is exact for any number of pairs if they spread as a normal distribution; with three seeds it has two
degrees of freedom and shows large effects only. That is why nothing weaker is used: of three pairs a bootstrap claims
too much (it cannot see how far a fourth would lie), and the exact sign test can claim nothing (its least p is 1/4).
The p values are made larger for the number of tests (Holm, 1979), so that among all that are told together at most one
comparison in twenty claims a difference where there is none.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from gan_core.compare.analysis.results import Results
from gan_core.compare.measures import MEASURES
from gan_core.compare.plan import Claim

ALPHA = 0.05
LEAST_SEEDS = 3
NOTICEABLE = 1.25  # a ratio that a source's "no noticeable difference" must stay below
_TESTED = ("quality", "loss_noise")
_MOST_SIGNS = 16  # pairs up to which all patterns of signs are gone through


@dataclass(frozen=True)
class Verdict:
    """How one variant differs from another in one measure."""

    measure: str
    variant: str  # id
    reference: str
    pairs: int  # seeds of which both were measured
    effect: float | None  # the ratio of variant to reference, or the difference; None where too few pairs are there
    low: float | None  # 95 % interval of it
    high: float | None
    p: float | None  # of the paired t-test, two-sided
    p_holm: float | None  # the same, corrected for all tests told together
    p_signs: float | None  # of the exact test by signs: without any assumption, and hardly able to claim with few seeds
    better: str | None  # the id of which is better; None where no difference is shown
    text: str


@dataclass(frozen=True)
class ClaimResult:
    """What became of a source's claim here."""

    claim: Claim
    outcome: Literal["confirmed", "refuted", "undecided"]
    tests: tuple[Verdict, ...]
    text: str


def verdicts(results: Results, measures: Sequence[str] = _TESTED) -> tuple[Verdict, ...]:
    """Every variant against the reference, by each measure; corrected for all of them together."""
    reference = results.comparison.reference_id
    others = [variant.id for variant in results.comparison.variants if variant.id != reference]
    return _tested(results, [(measure, other, reference) for measure in measures for other in others])


def claims(results: Results) -> tuple[ClaimResult, ...]:
    """Whether each of the source's claims holds here; the tests of one claim are corrected together."""
    return tuple(_judged(claim, results) for claim in results.comparison.claims)


# ---- claims ----------------------------------------------------------------------------------------------------------


def _judged(claim: Claim, results: Results) -> ClaimResult:
    ids = [variant.id for variant in results.comparison.variants]
    if claim.best:
        tests = _tested(results, [(claim.measure, claim.best, other) for other in ids if other != claim.best])
        won = [test for test in tests if test.better == claim.best]
        lost = [test for test in tests if test.better not in (None, claim.best)]
        if lost:
            names = _listed([results.titles[test.better or ""] for test in lost])
            return ClaimResult(claim, "refuted", tests, f"Refuted: {names} {'is' if len(lost) == 1 else 'are'} better.")
        if len(won) == len(tests):
            return ClaimResult(claim, "confirmed", tests, "Confirmed: better than every other.")
        return ClaimResult(
            claim, "undecided", tests, f"Undecided: better than {len(won)} of {len(tests)}, worse than none."
        )
    tests = _tested(results, [(claim.measure, one, other) for other, one in itertools.combinations(ids, 2)])
    if all(_within(test) for test in tests):
        share = f"{NOTICEABLE - 1:.0%}"
        return ClaimResult(
            claim, "confirmed", tests, f"Confirmed: no difference as large as {share}, by the 95 % intervals."
        )
    if any(test.better is not None for test in tests):
        return ClaimResult(
            claim, "refuted", tests, "Refuted: " + " ".join(t.text for t in tests if t.better is not None)
        )
    return ClaimResult(
        claim, "undecided", tests, "Undecided: no difference is shown, and none is ruled out; more seeds would tell."
    )


def _within(test: Verdict) -> bool:
    """Whether even the ends of the interval are not noticeable (two one-sided tests; Schuirmann, 1987)."""
    if test.low is None or test.high is None or MEASURES[test.measure].scale != "ratio":
        return False
    return test.low > 1 / NOTICEABLE and test.high < NOTICEABLE


# ---- the test --------------------------------------------------------------------------------------------------------


def _tested(results: Results, wanted: Sequence[tuple[str, str, str]]) -> tuple[Verdict, ...]:
    samples = [_differences(results, *test) for test in wanted]
    p = [paired_t(sample)[0] for sample in samples]
    return tuple(
        _verdict(results, test, sample, raw, corrected)
        for test, sample, raw, corrected in zip(wanted, samples, p, holm(p), strict=True)
    )


def _differences(results: Results, measure: str, variant: str, reference: str) -> np.ndarray:
    """Of each seed: the logarithm of the ratio, or the difference."""
    ours, theirs = (results.values(measure, each, ended=True) for each in (variant, reference))
    pairs = np.array([(ours[seed], theirs[seed]) for seed in sorted(ours.keys() & theirs.keys())]).reshape(-1, 2)
    if MEASURES[measure].scale == "difference":
        return pairs[:, 0] - pairs[:, 1]
    return np.log(np.maximum(pairs[:, 0], 1e-12) / np.maximum(pairs[:, 1], 1e-12))


def paired_t(differences: np.ndarray) -> tuple[float | None, float, float]:
    """The two-sided p of a paired t-test, and the 95 % interval of the mean; (None, NaN, NaN) below three pairs."""
    n = len(differences)
    if n < LEAST_SEEDS:
        return None, math.nan, math.nan
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / math.sqrt(n)
    reach = float(stats.t.ppf(1 - ALPHA / 2, n - 1)) * error
    if error == 0:
        return (1.0 if mean == 0 else 0.0), mean, mean
    return float(2 * stats.t.sf(abs(mean) / error, n - 1)), mean - reach, mean + reach


def by_signs(differences: np.ndarray) -> float | None:
    """The exact two-sided p by flipping the signs of the differences (Fisher, 1935); None with no pairs or too many."""
    n = len(differences)
    if not 0 < n <= _MOST_SIGNS:
        return None
    sums = np.abs([np.dot(signs, differences) for signs in itertools.product((-1.0, 1.0), repeat=n)])
    return float(np.mean(sums >= abs(differences.sum()) - 1e-12))


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction (1979) of the p values that there are, for any false claim among them."""
    known = sorted((value, i) for i, value in enumerate(p) if value is not None)
    corrected: list[float | None] = [None] * len(p)
    largest = 0.0
    for rank, (value, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * value))
        corrected[i] = largest
    return corrected


# ---- in words --------------------------------------------------------------------------------------------------------


def _verdict(
    results: Results, test: tuple[str, str, str], sample: np.ndarray, p: float | None, p_holm: float | None
) -> Verdict:
    measure, variant, reference = test
    kind, ours, theirs = MEASURES[measure], results.titles[variant], results.titles[reference]
    label = results.label(measure)
    if p is None or p_holm is None:
        both = [run for run in results.runs if run.variant in (variant, reference)]
        failed, cut = ([run for run in both if run.status == status] for status in ("failed", "stopped"))
        why = f"fewer than {LEAST_SEEDS} seeds are measured"
        if failed:
            why = f"{len(failed)} of the runs failed"
        elif cut:
            why = f"{len(cut)} of the runs {'was' if len(cut) == 1 else 'were'} stopped before the end"
        text = f"{ours} and {theirs} are not compared in {label}: {why}."
        return Verdict(measure, variant, reference, len(sample), None, None, None, None, None, None, None, text)
    _, low, high = paired_t(sample)
    effect = float(sample.mean())
    if kind.scale == "ratio":
        effect, low, high = (math.exp(min(value, 300.0)) for value in (effect, low, high))
    greater = float(sample.mean()) > 0
    differs = p_holm < ALPHA
    better = None
    if differs and kind.better:
        better = variant if greater == (kind.better == "higher") else reference
    size = f"{_short(effect)} times that of" if kind.scale == "ratio" else f"{effect:+.2f} against"
    sure = f"95 % interval {_short(low)} to {_short(high)}, p = {_p(p_holm)}, {len(sample)} seeds"
    found = label if differs else f"no difference shown in {label},"
    ranks = f" {'Better' if better == variant else 'Worse'}." if better else ""
    text = f"{ours}: {found} {size} {theirs} ({sure}).{ranks}"
    return Verdict(
        measure, variant, reference, len(sample), effect, low, high, p, p_holm, by_signs(sample), better, text
    )


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1e4 else f"{value:.0e}"


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0") if value < 1 else "1"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

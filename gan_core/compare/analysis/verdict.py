"""Compares each variant with the reference by a statistical test, and puts the result in words.

Runs with the same seed start alike, so they form pairs. The test uses the logarithm of each pair's ratio, or the
difference for measures that can be negative. Student's paired t-test (1908) is exact if these are normally distributed.
With three seeds it shows only large effects, but the alternatives are worse: a bootstrap of three pairs finds too many
differences, and the exact sign-flip test finds none (its lowest p is 1/4). Holm's correction (1979) covers all verdicts
together, so that at most one comparison in twenty reports a difference where there is none.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from gan_core.compare.analysis.results import Results
from gan_core.compare.measures import MEASURES
from gan_core.compare.plan import Claim
from gan_core.system.formatting import listed, plural, short

ALPHA = 0.05
MIN_SEEDS = 3
NOTICEABLE = 1.25  # a ratio; "no noticeable difference" means less


@dataclass(frozen=True)
class Verdict:
    """How one variant differs from another in one measure. The fields are None where there are too few pairs."""

    measure: str
    variant: str  # id
    reference: str
    pairs: int  # seeds with both runs measured
    effect: float | None  # the ratio of variant to reference, or the difference
    low: float | None  # 95 % confidence interval of the effect
    high: float | None
    p: float | None  # of the two-sided paired t-test
    p_holm: float | None  # corrected for all tests that are reported together
    p_signs: float | None  # of the exact sign-flip test, which assumes nothing and shows little with few seeds
    better: str | None  # the id of the variant of better quality; None for other measures, and if none is shown
    text: str

    @property
    def is_shown(self) -> bool:
        """Whether the test shows a difference."""
        return self.p_holm is not None and self.p_holm < ALPHA

    @property
    def leader(self) -> str | None:
        """The id of the variant that leads in the direction of the measure; None if no difference is shown."""
        if not self.is_shown or self.effect is None:
            return None
        kind = MEASURES[self.measure]
        is_higher = self.effect > (1 if kind.scale == "ratio" else 0)
        return self.variant if is_higher == (kind.leads == "higher") else self.reference


@dataclass(frozen=True)
class ClaimResult:
    """Whether a source's claim holds here."""

    claim: Claim
    outcome: Literal["confirmed", "refuted", "undecided"]
    tests: tuple[Verdict, ...]
    text: str


def verdicts(results: Results, measures: Sequence[str] = ("quality",)) -> tuple[Verdict, ...]:
    """Every variant against the reference by each measure, corrected for all of them together."""
    reference = results.comparison.reference_id
    others = [variant.id for variant in results.comparison.variants if variant.id != reference]
    return _test_all(results, [(measure, other, reference) for measure in measures for other in others])


def claims(results: Results) -> tuple[ClaimResult, ...]:
    """Whether each of the source's claims holds; the tests of one claim are corrected together."""
    return tuple(_claim_result(claim, results) for claim in results.comparison.claims)


def _claim_result(claim: Claim, results: Results) -> ClaimResult:
    test_claim = _test_best if claim.best else _test_no_difference
    outcome, tests, text = test_claim(claim, results, [variant.id for variant in results.comparison.variants])
    opening = "Not settled" if outcome == "undecided" else outcome.capitalize()
    return ClaimResult(claim, outcome, tests, f"{opening}: {text}")


Outcome = tuple[Literal["confirmed", "refuted", "undecided"], tuple[Verdict, ...], str]


def _test_best(claim: Claim, results: Results, ids: list[str]) -> Outcome:
    tests = _test_all(results, [(claim.measure, claim.best, other) for other in ids if other != claim.best])
    kind = MEASURES[claim.measure]
    ahead, where = ("better", "") if kind.is_quality else (kind.leads, f" in {results.label(claim.measure)}")
    lost = [results.titles[test.leader] for test in tests if test.leader not in (None, claim.best)]
    won = sum(test.leader == claim.best for test in tests)
    if lost:
        return "refuted", tests, f"{' and '.join(lost)} {'is' if len(lost) == 1 else 'are'} {ahead}{where}."
    if won == len(tests):
        return "confirmed", tests, f"{ahead} than every other{where}."
    name, seeds = results.titles[claim.best], plural(len(results.comparison.seeds), "seed", "seeds")
    others = listed([results.titles[test.reference] for test in tests if test.leader is None])
    begin = f"{name} is {ahead} than {won} of {len(tests)}{where}, but " if won else ""
    subject, end = ("it", "") if won else (name, where)
    return "undecided", tests, f"{begin}{seeds} could not separate {subject} from {others}{end}."


def _test_no_difference(claim: Claim, results: Results, ids: list[str]) -> Outcome:
    tests = _test_all(results, [(claim.measure, later, first) for first, later in itertools.combinations(ids, 2)])
    if all(_is_equivalent(test) for test in tests):
        return "confirmed", tests, f"no difference as large as {NOTICEABLE - 1:.0%}, by the 95 % intervals."
    if differing := [test.text for test in tests if test.is_shown]:
        return "refuted", tests, " ".join(differing)
    seeds = plural(len(results.comparison.seeds), "seed", "seeds")
    return "undecided", tests, f"{seeds} show no difference and cannot rule one out."


def _is_equivalent(test: Verdict) -> bool:
    """Whether the whole interval is within the noticeable ratio (two one-sided tests; Schuirmann, 1987)."""
    if test.low is None or test.high is None or MEASURES[test.measure].scale != "ratio":
        return False
    return test.low > 1 / NOTICEABLE and test.high < NOTICEABLE


# ---- the test --------------------------------------------------------------------------------------------------------


def _test_all(results: Results, pairs: Sequence[tuple[str, str, str]]) -> tuple[Verdict, ...]:
    """A verdict for each measure, variant and reference."""
    samples = [_differences(results, *pair) for pair in pairs]
    p = [paired_t(sample)[0] for sample in samples]
    return tuple(_verdict(results, *row) for row in zip(pairs, samples, p, holm(p), strict=True))


def _differences(results: Results, measure: str, variant: str, reference: str) -> np.ndarray:
    """The logarithm of the ratio, or the difference, for each seed."""
    ours, theirs = (results.values(measure, id, ended=True) for id in (variant, reference))
    pairs = np.array([(ours[seed], theirs[seed]) for seed in sorted(ours.keys() & theirs.keys())]).reshape(-1, 2)
    if MEASURES[measure].scale == "ratio":
        pairs = np.log(np.maximum(pairs, 1e-12))
    return pairs[:, 0] - pairs[:, 1]


def paired_t(differences: np.ndarray) -> tuple[float | None, float, float]:
    """The two-sided p of a paired t-test and the 95 % interval of the mean; (None, NaN, NaN) with under three pairs."""
    n = len(differences)
    if n < MIN_SEEDS:
        return None, math.nan, math.nan
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / math.sqrt(n)
    if error == 0:
        return (1.0 if mean == 0 else 0.0), mean, mean
    half_width = float(stats.t.ppf(1 - ALPHA / 2, n - 1)) * error
    return float(2 * stats.t.sf(abs(mean) / error, n - 1)), mean - half_width, mean + half_width


def sign_flip_p(differences: np.ndarray) -> float:
    """The two-sided p over all flips of signs (Fisher, 1935); over random ones with more than 16 pairs."""
    test = stats.permutation_test((differences,), np.sum, permutation_type="samples", n_resamples=2**16, rng=0)
    return float(test.pvalue)


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction (1979) of the p values; None stays None and does not count."""
    known = sorted((value, i) for i, value in enumerate(p) if value is not None)
    corrected: list[float | None] = [None] * len(p)
    largest = 0.0
    for rank, (value, i) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * value))
        corrected[i] = largest
    return corrected


# ---- in words --------------------------------------------------------------------------------------------------------


def _verdict(
    results: Results, pair: tuple[str, str, str], sample: np.ndarray, p: float | None, p_holm: float | None
) -> Verdict:
    measure, variant, reference = pair
    kind, label, ours, theirs = MEASURES[measure], results.label(measure), *(results.titles[id] for id in pair[1:])
    if p is None or p_holm is None:
        text = f"{ours} and {theirs} are not compared in {label}: {_missing(results, variant, reference)}."
        return Verdict(measure, variant, reference, len(sample), None, None, None, None, None, None, None, text)
    _, low, high = paired_t(sample)
    effect = mean = float(sample.mean())
    if kind.scale == "ratio":
        effect, low, high = (math.exp(min(value, 300.0)) for value in (mean, low, high))
    shown = p_holm < ALPHA
    size = f"{short(effect)} times that of" if kind.scale == "ratio" else f"{effect:+.2f} against"
    certainty = f"95 % interval {short(low)} to {short(high)}, p = {shown_p(p_holm)}, {len(sample)} seeds"
    text = f"{ours}: {label if shown else f'no difference shown in {label},'} {size} {theirs} ({certainty})."
    p_signs = sign_flip_p(sample)
    found = Verdict(measure, variant, reference, len(sample), effect, low, high, p, p_holm, p_signs, None, text)
    if not shown or not kind.is_quality:
        return found
    return replace(found, better=found.leader, text=f"{text} {'Better' if found.leader == variant else 'Worse'}.")


def _missing(results: Results, variant: str, reference: str) -> str:
    """Why there are too few pairs."""
    statuses = [run.status for run in results.runs if run.variant in (variant, reference)]
    if failed := statuses.count("failed"):
        return f"{failed} of the runs failed"
    if stopped := statuses.count("stopped"):
        return f"{stopped} of the runs {'was' if stopped == 1 else 'were'} stopped before the end"
    return f"fewer than {MIN_SEEDS} seeds are measured"


def shown_p(value: float) -> str:
    """A p value in three digits without a leading zero: ".012", "< .001"."""
    return "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0") if value < 1 else "1"

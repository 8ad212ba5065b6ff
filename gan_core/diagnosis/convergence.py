"""The state of a run without a failure mode: improving, converged, or stalled far from the data.

Only a quality metric can tell convergence from a stall: samples may be as varied as the data and still be poor. Points
have a quality with every sample statistic, images with every evaluation. Until then, sample statistics can only show
that a run improves.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from gan_core.diagnosis.curves import MIN_STEPS, RunSignals, halves
from gan_core.diagnosis.findings import Chart, Evidence, Finding
from gan_core.metrics.registry import GOOD_JS

_GAIN = 0.95  # a median below this share of the earlier one is an improvement
_MIN_STATS, _MIN_EVALUATIONS = 6, 4  # needed in the second half of the run
_MIN_STALLED_STEPS = 20 * MIN_STEPS  # a younger run is not called stalled
_PERFECT_JS = 0.02  # bits: the JS of a perfect generator
# A share of the coverage of real images, set on digits: blurred ones reach 0.25, a mixture of Gaussians 0.1. In the
# features for images without labels, blurred photographs reach 0.6.
_GOOD_COVERAGE = 0.4


def healthy_finding(run: RunSignals) -> Finding | None:
    """ "improving", "converged" or "stalled"; None if there is too little data to decide."""
    if run.age < MIN_STEPS:
        return None
    points = run.config.dataset.kind == "points"
    js = [(stats.step, stats.js) for stats in run.sample_stats if stats.js is not None]
    trend = _trend(run, js, _MIN_STATS) if points else _trend(run, _frechet(run), _MIN_EVALUATIONS)
    if trend is None:
        return _improving_by_stats(run)
    before, now, since, step = trend
    label, chart = ("JS divergence", "fit") if points else ("Fréchet distance", "quality")
    evidence = (Evidence(cast(Chart, chart), f"{label} {now:.3g}, before {before:.3g}", now, before, step),)
    is_perfect = points and now < _PERFECT_JS  # no improvement is possible
    if now < _GAIN * before and not is_perfect:
        meaning = "The samples get closer to the data. Let it run."
        return Finding("improving", "Fine, still improving", False, since, evidence, meaning)
    if now < GOOD_JS if points else _has_good_coverage(run):
        meaning = "The samples are close to the data and no longer get closer. More steps at this rate change little."
        return Finding("converged", "Fine, converged", False, since, evidence, meaning)
    if run.last < _MIN_STALLED_STEPS:
        return None
    meaning = (
        "No failure mode is found, but the samples no longer improve and are still far from the data. "
        "Wider networks, smaller steps or another loss may help."
    )
    return Finding("stalled", "At rest, short of the data", False, since, evidence, meaning)


def _frechet(run: RunSignals) -> list[tuple[int, float]]:
    """The steps and the Fréchet distances that can be compared."""
    columns, rows = run.evaluations.columns, run.evaluations.comparable("frechet")
    if "coverage" not in columns:
        return []
    steps = run.evaluations.step[rows].astype(int)
    return list(zip(steps.tolist(), columns["frechet"].value[rows].tolist(), strict=True))


def _has_good_coverage(run: RunSignals) -> bool:
    """Collapsed samples never reach this coverage, and blurred samples only among images without labels."""
    coverage = run.evaluations.columns["coverage"]
    return bool(np.median(coverage.value[-2:]) >= _GOOD_COVERAGE * coverage.real[-1])


def _trend(run: RunSignals, values: list[tuple[int, float]], needed: int) -> tuple[float, float, int, int] | None:
    """Of (step, value) pairs in the second half of the run: medians of its halves, first step, last step.

    None if there are fewer than `needed` pairs.
    """
    late = [(step, value) for step, value in values if step >= run.last / 2]
    if len(late) < needed:
        return None
    middle = max(1, sum(step < (late[0][0] + late[-1][0]) / 2 for step, _ in late))  # old statistics are thinned out
    before, now = (float(np.median([value for _, value in part])) for part in (late[:middle], late[middle:]))
    return before, now, int(late[0][0]), int(late[-1][0])


def _improving_by_stats(run: RunSignals) -> Finding | None:
    """ "improving" if the samples come closer to real examples without losing variety, or gain variety."""
    late = tuple(stats for stats in run.sample_stats if stats.step >= run.last / 2)
    if len(late) < _MIN_STATS:
        return None
    (spread_before, nearest_before), (spread, nearest) = halves(late)
    if nearest >= _GAIN * nearest_before and abs(1 - spread) >= abs(1 - spread_before) - 0.03:
        return None
    text = f"nearest real one at {nearest:.2f} of the usual distance, before at {nearest_before:.2f}"
    evidence = (Evidence("samples", text, nearest, nearest_before, late[-1].step),)
    meaning = "The samples get closer to the data, or more varied. Let it run."
    return Finding("improving", "Fine, still improving", False, late[0].step, evidence, meaning)

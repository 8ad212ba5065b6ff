"""What a run without an illness shows: that it improves, or that it has come to rest, near the data or short of it.

Only quality tells a good rest from a bad one: samples may be as varied as the data and poor. Points are judged at every
sample_stats, images when the evaluator comes round; before that, sample_stats can only tell that a run improves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gan_core.diagnosis.curves import MIN_STEPS, RunSignals
from gan_core.diagnosis.findings import Chart, Evidence, Finding

_GAIN = 0.95  # of the value before: less is a gain
_GLANCES, _JUDGEMENTS = 6, 4  # needed of the last half of the run, to tell how it goes
_PATIENCE = 20  # times as old as the youngest run that anything is said of, before a rest counts as one
_NEAR_JS, _GOOD_JS = 0.02, 0.1  # bits: as a perfect generator may read, and close to the data
_GOOD_COVERAGE = 0.4  # of what real images score; blur reads 0.25, a mixture of Gaussians 0.1


@dataclass(frozen=True)
class _Quality:
    """How a figure of quality, the lower the better, went over the last half of the run."""

    label: str
    chart: Chart
    before: float  # medians of the earlier and of the later part
    now: float
    since: int
    step: int
    good: bool  # whether the samples are close to the data
    perfect: bool = False  # whether there is nothing left to gain


def health(run: RunSignals) -> Finding | None:
    """ "improving", "converged" or "stalled"; None where nothing can be told yet."""
    if run.age < MIN_STEPS:
        return None
    quality = _of_points(run) if run.config.dataset.kind == "points" else _of_images(run)
    if quality is None:
        return _nearer(run)
    text = f"{quality.label} {quality.now:.3g}, before {quality.before:.3g}"
    evidence = (Evidence(quality.chart, text, quality.now, quality.before, quality.step),)
    if quality.now < _GAIN * quality.before and not quality.perfect:
        meaning = "The samples get nearer to the data. Let it run."
        return Finding("improving", "Fine, still improving", False, quality.since, evidence, meaning)
    if quality.good:
        meaning = "The samples are close to the data, and no longer get closer. More steps at this rate bring little."
        return Finding("converged", "Fine, converged", False, quality.since, evidence, meaning)
    if run.last < _PATIENCE * MIN_STEPS:
        return None
    meaning = (
        "Nothing is wrong with the game, but the samples no longer get better and are still far from the data. "
        "Wider networks, smaller steps or another loss may get further."
    )
    return Finding("stalled", "At rest, short of the data", False, quality.since, evidence, meaning)


def _of_points(run: RunSignals) -> _Quality | None:
    """By the Jensen-Shannon divergence of each sample_stats."""
    judged = [(sample_stats.step, sample_stats.js) for sample_stats in run.sample_stats if sample_stats.js is not None]
    course = _course(run, [step for step, _ in judged], [js for _, js in judged], _GLANCES)
    if course is None:
        return None
    before, now, since, step = course
    return _Quality("JS divergence", "fit", before, now, since, step, now < _GOOD_JS, now < _NEAR_JS)


def _of_images(run: RunSignals) -> _Quality | None:
    """By the Frechet distance of each judgement; good by coverage, which no blur and no collapse has."""
    columns = run.evaluations.columns
    if "frechet" not in columns or "coverage" not in columns:
        return None
    course = _course(run, run.evaluations.step.tolist(), columns["frechet"].value.tolist(), _JUDGEMENTS)
    if course is None:
        return None
    before, now, since, step = course
    coverage = columns["coverage"]
    good = bool(np.median(coverage.value[-2:]) >= _GOOD_COVERAGE * coverage.real[-1])
    return _Quality("Frechet distance", "quality", before, now, since, step, good)


def _course(
    run: RunSignals, steps: list[int], values: list[float], needed: int
) -> tuple[float, float, int, int] | None:
    """Medians of the earlier and later part of the run's last half, since when, and until when; None if too few."""
    late = [(step, value) for step, value in zip(steps, values, strict=True) if step >= run.last / 2]
    if len(late) < needed:
        return None
    middle = len(late) // 2
    before, now = (float(np.median([value for _, value in part])) for part in (late[:middle], late[middle:]))
    return before, now, int(late[0][0]), int(late[-1][0])


def _nearer(run: RunSignals) -> Finding | None:
    """ "improving" by sample_stats: samples come nearer to real ones, or vary more like them."""
    half = [stats for stats in run.sample_stats if stats.step >= run.last / 2]
    if len(half) < _GLANCES:
        return None
    middle = len(half) // 2
    spread = [float(np.median([stats.spread for stats in part])) for part in (half[:middle], half[middle:])]
    nearest = [float(np.median([stats.nearest for stats in part])) for part in (half[:middle], half[middle:])]
    if nearest[1] >= _GAIN * nearest[0] and abs(1 - spread[1]) >= abs(1 - spread[0]) - 0.03:
        return None
    text = f"nearest real one at {nearest[1]:.2f} of the usual distance, before at {nearest[0]:.2f}"
    evidence = (Evidence("samples", text, nearest[1], nearest[0], half[-1].step),)
    meaning = "The samples get nearer to the data, or more varied. Let it run."
    return Finding("improving", "Fine, still improving", False, half[0].step, evidence, meaning)

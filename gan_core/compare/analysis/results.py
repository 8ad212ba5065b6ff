"""What a comparison has given so far: curves by variant with their bands, and a table of measures. Reads only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gan_core.compare.measures import MEASURES, Trace, best, last, rolling
from gan_core.compare.plan import Comparison
from gan_core.compare.study import ENDED, Study, TrialStatus
from gan_core.diagnosis import diagnose
from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.registry import METRICS, QUALITY_METRIC
from gan_core.runs import Run, RunError
from gan_core.runs.shipped import store_of
from gan_core.training.history import COLUMNS, History

X = Literal["steps", "images", "seconds"]
_POINTS = 300  # of a curve
_LOSSES = ("loss_d", "loss_g", "d_real", "d_fake", "grad_norm_d", "grad_norm_g")


@dataclass(frozen=True, eq=False)
class Curve:
    """One figure of a variant through its runs: the middle of its seeds, and the band from the least to the greatest.

    All arrays are of one length; NaN where no run has come.
    """

    variant: str  # id
    title: str
    x: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int


@dataclass(frozen=True)
class Row:
    """A variant in the table: medians over its seeds, None where nothing was measured."""

    variant: str  # id
    title: str
    runs: int  # that have begun
    finished: int
    failed: int
    values: dict[str, float | None]  # by measure
    spread: dict[str, tuple[float, float] | None]  # least and greatest of the seeds
    illnesses: dict[str, int]  # by id: in how many runs it was named
    differences: dict[str, Any]  # settings, from the base


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that is shown of a comparison. A value: read anew to see more."""

    comparison: Comparison
    runs: tuple[Trace, ...]
    trial_statuses: tuple[TrialStatus, ...]
    titles: dict[str, str]  # of variants and added_runs by id, in the order of display

    @property
    def metric(self) -> str:
        """The figure that tells quality: "frechet", or "js" of points. Lower is better."""
        return QUALITY_METRIC[self.comparison.base.dataset.kind]

    def label(self, measure: str) -> str:
        """The measure in words, quality by its own name: "Frechet distance at the end"."""
        words = MEASURES[measure].label
        return words.replace("quality", METRICS[self.metric].label) if measure in ("quality", "best") else words

    @cached_property
    def level(self) -> float:
        """The quality that the reference reaches at the end, in the median; NaN before it does."""
        reached = [last(run, math.nan) for run in self.of(self.comparison.reference_id)]
        known = [value for value in reached if value is not None]
        return float(np.median(known)) if known else math.nan

    def of(self, variant: str) -> list[Trace]:
        """The runs of a variant that have begun, by seed."""
        return [run for run in self.runs if run.variant == variant]

    def values(self, measure: str, variant: str, ended: bool = False) -> dict[int, float]:
        """A measure of each of a variant's runs, by seed; those of which it cannot be taken are left out.

        Args:
            ended: only of runs that have come to their end, well or not: whoever stops a run chooses what it shows.
        """
        runs = [run for run in self.of(variant) if run.status in ENDED or not ended]
        found = {run.seed: MEASURES[measure].of(run, self.level) for run in runs}
        return {seed: value for seed, value in found.items() if value is not None and math.isfinite(value)}

    def table(self) -> list[Row]:
        """A row for each variant and added_run."""
        return [self._row(variant) for variant in self.titles]

    def _row(self, variant: str) -> Row:
        runs = self.of(variant)
        figures = {name: list(self.values(name, variant).values()) for name in MEASURES}
        named = [illness for run in runs for illness in run.illnesses]
        plan = {found.id: found for found in self.comparison.variants}
        return Row(
            variant,
            self.titles[variant],
            len(runs),
            sum(run.status == "finished" for run in runs),
            sum(run.status == "failed" for run in runs),
            {name: float(np.median(found)) if found else None for name, found in figures.items()},
            {name: (min(found), max(found)) if found else None for name, found in figures.items()},
            {illness: named.count(illness) for illness in dict.fromkeys(named)},
            self.comparison.differences(plan[variant]) if variant in plan else {},
        )

    def differences(self) -> dict[str, dict[str, Any]]:
        """Settings in which variants or added_runs differ: by setting, the value of each of them by id."""
        configs = {id: runs[0].config for id in self.titles if (runs := self.of(id))}
        for variant in self.comparison.variants:
            configs[variant.id] = variant.applied_to(self.comparison.base)
        changed = [self.comparison.differences_of(config) for config in configs.values()]
        keys = dict.fromkeys(key for changes in changed for key in changes)
        return {key: {id: configs[id].value(key) for id in self.titles if id in configs} for key in keys}

    # ---- curves --------------------------------------------------------------------------------------------------

    def curve(self, name: str, x: X = "steps", smooth: float = 0.0) -> list[Curve]:
        """A curve for each variant: "loss_d" "loss_g" "d_real" "d_fake" "grad_norm_d" "grad_norm_g", or "quality".

        Args:
            x: what stands below: steps (rounds), real images seen, or seconds of training.
            smooth: share of a run over which each point is averaged; in [0, 1].
        """
        drawn = {variant: [_line(run, name, x, smooth) for run in self.of(variant)] for variant in self.titles}
        lines = {variant: [line for line in lines if len(line[0])] for variant, lines in drawn.items()}
        return [_band(variant, self.titles[variant], found) for variant, found in lines.items() if found]

    # ---- pictures ------------------------------------------------------------------------------------------------

    @property
    def frames(self) -> tuple[int, ...]:
        """Steps of which some run of each variant that has begun holds a picture: one scrubber for all."""
        kept = [set().union(*(run.frames for run in self.of(variant))) for variant in self.titles if self.of(variant)]
        return tuple(sorted(set.intersection(*kept))) if kept else ()


def read(study: Study) -> Results:
    """A comparison as it now stands on disk."""
    plan, trial_statuses = study.comparison, study.trial_statuses()
    titles = {variant.id: variant.title for variant in plan.variants}
    runs = []
    for job, trial_status in zip(study.jobs, trial_statuses, strict=True):
        run = study.run_of(job.key)
        if run is not None:
            runs.append(_trace(run, job.key, job.variant.id, job.seed, trial_status.status, trial_status.memory))
    for added_run in study.added_runs():
        try:
            library = store_of(added_run.run_id, study.library)
            run, status = library.open(added_run.run_id), library.summary(added_run.run_id).status
        except RunError:  # it was deleted since
            continue
        titles[f"added_run:{added_run.title}"] = added_run.title
        runs.append(
            _trace(run, added_run.run_id, f"added_run:{added_run.title}", added_run.seed, status, 0, added_run=True)
        )
    return Results(plan, tuple(runs), trial_statuses, titles)


# ---- one run ---------------------------------------------------------------------------------------------------------

_histories: dict[Path, tuple[tuple[int, int], History]] = {}  # by metrics.csv: its stamp, and what stood in it


def _trace(run: Run, key: str, variant: str, seed: int, status: str, memory: int, added_run: bool = False) -> Trace:
    named = [event["id"] for event in run.events() if event["kind"] == "named" and "id" in event]
    history, config = _history(run), run.config
    if status in ("finished", "failed"):  # a run of a second or two ends before it is watched for long
        named += [finding.id for finding in diagnose(config, history, tuple(run.sample_stats())) if finding.bad]
    return Trace(
        key, variant, seed, config, status, history, Evaluations(tuple(run.evaluations())), tuple(dict.fromkeys(named)),
        memory, run.id, tuple(run.frames()), added_run,
    )  # fmt: skip


def _history(run: Run) -> History:
    """The run's figures; read anew only where the file has changed."""
    file = run.path / "metrics.csv"
    try:
        stamp = (file.stat().st_mtime_ns, file.stat().st_size)
    except OSError:
        return History(*np.empty((len(COLUMNS), 0)))
    known = _histories.get(file)
    if known is None or known[0] != stamp:
        rows = run.metrics()
        known = stamp, History(*np.array(rows, dtype=float).reshape(-1, len(COLUMNS)).T)
        _histories[file] = known
    return known[1]


def _line(run: Trace, name: str, x: X, smooth: float) -> tuple[np.ndarray, np.ndarray]:
    """One run's x and y, NaNs left out."""
    source: History | Evaluations = run.evaluations if name == "quality" else run.history
    below = getattr(source, {"steps": "step"}.get(x, x))
    above = run.quality if name == "quality" else getattr(run.history, name)
    if len(above) != len(below):  # judged, but not in the figure that tells quality
        return np.empty(0), np.empty(0)
    known = np.isfinite(above)
    below, above = np.asarray(below, dtype=float)[known], above[known]
    return below, rolling(above, round(smooth * len(above))) if len(above) and smooth else above


def _band(variant: str, title: str, lines: list[tuple[np.ndarray, np.ndarray]]) -> Curve:
    """The lines of a variant's seeds on common places, each only as far as it goes."""
    places = np.unique(np.concatenate([below for below, _ in lines]))
    if len(places) > _POINTS:
        places = np.linspace(places[0], places[-1], _POINTS)
    ends = [np.interp(places, *line, left=math.nan, right=math.nan) for line in lines]
    shown = ~np.isnan(ends).all(axis=0)
    table, places = np.array(ends)[:, shown], places[shown]
    return Curve(
        variant,
        title,
        places,
        np.nanmedian(table, axis=0),
        np.nanmin(table, axis=0),
        np.nanmax(table, axis=0),
        len(lines),
    )


__all__ = ["Curve", "Results", "Row", "X", "best", "read"]

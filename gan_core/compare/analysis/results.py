"""The results of a study so far: curves with bands and a table of measures, by variant. Reads only."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gan_core.compare.measures import MEASURES, TrialData, last, rolling
from gan_core.compare.plan import MAX_RUNS, Comparison
from gan_core.compare.study import ENDED, Study, TrialStatus
from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.registry import METRICS, QUALITY_METRIC
from gan_core.runs import Run, RunError
from gan_core.runs.health_record import recorded_health
from gan_core.runs.shipped import store_of
from gan_core.system.files import file_version
from gan_core.training.history import COLUMNS, History

X = Literal["steps", "images", "seconds"]
_MAX_POINTS = 300  # of a curve


@dataclass(frozen=True, eq=False)
class Curve:
    """One quantity of a variant over its runs: the median of the seeds, and the band from the lowest to the highest.

    All arrays have the same length.
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
    runs: int  # that have started
    finished: int
    failed: int
    values: dict[str, float | None]  # by measure
    spread: dict[str, tuple[float, float] | None]  # lowest and highest of the seeds
    failure_modes: dict[str, int]  # by id: the number of runs that showed it
    differences: dict[str, Any]  # settings that differ from the base


@dataclass(frozen=True, eq=False)
class Results:
    """The results of a study when it was read. An immutable value."""

    comparison: Comparison
    runs: tuple[TrialData, ...]
    trial_statuses: tuple[TrialStatus, ...]
    titles: dict[str, str]  # of variants and added runs by id, in the order of display

    @property
    def metric(self) -> str:
        """The quality metric, lower is better: "frechet", or "js" for points."""
        return QUALITY_METRIC[self.comparison.base.dataset.kind]

    def label(self, measure: str) -> str:
        """The label of a measure with the name of the quality metric: "Fréchet distance at the end"."""
        label = MEASURES[measure].label
        return label.replace("quality", METRICS[self.metric].label) if measure in ("quality", "best") else label

    @cached_property
    def level(self) -> float:
        """The median final quality of the reference's runs; NaN before the first evaluation."""
        final = [last(run, math.nan) for run in self.runs_of(self.comparison.reference_id)]
        known = [value for value in final if value is not None]
        return float(np.median(known)) if known else math.nan

    def runs_of(self, variant: str) -> list[TrialData]:
        """The runs of a variant that have started, by seed."""
        return [run for run in self.runs if run.variant == variant]

    def values(self, measure: str, variant: str, ended: bool = False) -> dict[int, float]:
        """A measure of each of a variant's runs, by seed, without the runs that do not have it.

        Args:
            ended: only runs that finished or failed: a test of runs that someone stopped would be biased.
        """
        runs = [run for run in self.runs_of(variant) if run.status in ENDED or not ended]
        found = {run.seed: MEASURES[measure].of(run, self.level) for run in runs}
        return {seed: value for seed, value in found.items() if value is not None and math.isfinite(value)}

    def table(self) -> list[Row]:
        """A row for each variant and added run."""
        return [self._row(variant) for variant in self.titles]

    def _row(self, variant: str) -> Row:
        runs = self.runs_of(variant)
        values = {name: list(self.values(name, variant).values()) for name in MEASURES}
        failure_modes = [id for run in runs for id in run.failure_modes]
        planned = next((found for found in self.comparison.variants if found.id == variant), None)
        return Row(
            variant,
            self.titles[variant],
            len(runs),
            sum(run.status == "finished" for run in runs),
            sum(run.status == "failed" for run in runs),
            {name: float(np.median(found)) if found else None for name, found in values.items()},
            {name: (min(found), max(found)) if found else None for name, found in values.items()},
            {id: failure_modes.count(id) for id in dict.fromkeys(failure_modes)},
            self.comparison.differences(planned) if planned else {},
        )

    def differences(self) -> dict[str, dict[str, Any]]:
        """The settings in which variants or added runs differ: by setting, its value by variant."""
        configs = {variant.id: variant.applied_to(self.comparison.base) for variant in self.comparison.variants}
        for id in self.titles:
            if id not in configs and (runs := self.runs_of(id)):
                configs[id] = runs[0].config
        return self.comparison.compared_settings(configs)

    def curve(self, name: str, x: X = "steps", smooth: float = 0.0) -> list[Curve]:
        """A curve for each variant: "loss_d" "loss_g" "d_real" "d_fake" "grad_norm_d" "grad_norm_g", or "quality".

        Args:
            x: the horizontal axis: steps, real images seen, or seconds of training.
            smooth: the share of a run over which each point is averaged, in [0, 1].
        """
        curves = []
        for variant, title in self.titles.items():
            lines = [_line(run, name, x, smooth) for run in self.runs_of(variant)]
            if lines := [line for line in lines if len(line[0])]:
                curves.append(band(variant, title, lines))
        return curves

    @property
    def frames(self) -> tuple[int, ...]:
        """Steps at which every variant that has started has samples of some run."""
        saved = [set().union(*(run.frames for run in runs)) for id in self.titles if (runs := self.runs_of(id))]
        return tuple(sorted(set.intersection(*saved))) if saved else ()


def read(study: Study) -> Results:
    """The current results of a study."""
    plan, trials = study.comparison, study.trial_statuses()
    titles = {variant.id: variant.title for variant in plan.variants}
    runs = []
    for job, trial in zip(study.jobs, trials, strict=True):
        if (run := study.run_of(job.key)) is not None:
            with suppress(RunError):  # it is damaged
                runs.append(_trial_data(run, job.key, job.variant.id, job.seed, trial.status, trial.memory))
    for added in study.added_runs():
        try:
            library = store_of(added.run_id, study.library)
            run, status = library.open(added.run_id), library.summary(added.run_id).status
            id = f"added_run:{added.title}"
            runs.append(_trial_data(run, added.run_id, id, added.seed, status, 0, added_run=True))
        except RunError:  # it was deleted, or is damaged
            continue
        titles[id] = added.title
    return Results(plan, tuple(runs), trials, titles)


def _trial_data(
    run: Run, key: str, variant: str, seed: int, status: str, memory: int, added_run: bool = False
) -> TrialData:
    return TrialData(
        key, variant, seed, run.config, status, _history(run), Evaluations(tuple(run.evaluations())),
        tuple(recorded_health(run.events()) or ()), memory, run.id, tuple(run.frames()), added_run,
    )  # fmt: skip


def _history(run: Run) -> History:
    try:
        return _parsed_history(run.path, file_version(run.path / "metrics.csv"))
    except OSError:
        return History(*np.empty((len(COLUMNS), 0)))


@lru_cache(maxsize=MAX_RUNS)
def _parsed_history(folder: Path, version: tuple[int, int]) -> History:
    return History(*Run(folder).metrics().T)


def _line(run: TrialData, name: str, x: X, smooth: float) -> tuple[np.ndarray, np.ndarray]:
    """One run's x and y without NaN."""
    source: History | Evaluations = run.evaluations if name == "quality" else run.history
    xs = np.asarray(getattr(source, "step" if x == "steps" else x), dtype=float)
    ys = run.quality if name == "quality" else getattr(run.history, name)
    if len(ys) != len(xs):  # evaluated, but without the quality metric
        return np.empty(0), np.empty(0)
    known = np.isfinite(ys)
    xs, ys = xs[known], ys[known]
    return xs, rolling(ys, round(smooth * len(ys))) if len(ys) and smooth else ys


def band(variant: str, title: str, lines: list[tuple[np.ndarray, np.ndarray]]) -> Curve:
    """The median and the band of a variant's seeds; at least one line (x, y) with ascending x and at least one point.

    The lines are interpolated at common x; each counts only within its own range.
    """
    xs = np.unique(np.concatenate([x for x, _ in lines]))
    if len(xs) > _MAX_POINTS:
        xs = np.linspace(xs[0], xs[-1], _MAX_POINTS)
    table = np.array([np.interp(xs, *line, left=math.nan, right=math.nan) for line in lines])
    known = ~np.isnan(table).all(axis=0)
    table, xs = table[:, known], xs[known]
    bands = np.nanmedian(table, axis=0), np.nanmin(table, axis=0), np.nanmax(table, axis=0)
    return Curve(variant, title, xs, *bands, len(lines))

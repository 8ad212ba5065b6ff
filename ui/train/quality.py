"""The quality of a run: its curve, and the last evaluation of its images in one line with its provenance as help."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.registry import METRICS, RATING, point_rating, rating, sight
from gan_core.session.snapshot import Snapshot
from ui import setting_names
from ui.charts.quality import QualityCurve
from ui.formatting import plain, rough_minutes, short
from ui.train import timeline

_JS = "JS divergence"
_SHOWN = ("frechet", "recall", "coverage")


def panel(now: Snapshot | None) -> None:
    """The metrics of the step on the time line, by default the latest, on one line, so that nothing below moves."""
    if now is None or now.config.dataset.kind != "images":
        return
    chosen = timeline.chosen_step()
    row = -1 if chosen is None else next(iter(np.flatnonzero(now.evaluations.step == chosen).tolist()), None)
    if row is None:
        st.caption(f"Quality: not measured at step {chosen:,}")
    elif len(now.evaluations):
        st.caption(_metrics(now.evaluations, row), help=_provenance(now.evaluations, row))
    else:
        st.caption(f"Quality: {plain(reason_of_absence(now))}")


def curve(now: Snapshot) -> QualityCurve:
    """The metric that selects the best checkpoint: the evaluations of images, or every measurement of points."""
    return _curve_of_points(now) if now.config.dataset.kind == "points" else _curve_of_images(now.evaluations)


def _curve_of_images(evaluations: Evaluations) -> QualityCurve:
    label = METRICS["frechet"].label
    rows = evaluations.comparable("frechet")
    if not len(rows):
        empty = np.empty(0)
        return QualityCurve(label, empty, empty, empty, empty)
    column, last = evaluations.columns["frechet"], rows[-1]
    real = float(column.real[last])
    coverage = evaluations.columns.get("coverage")
    word = "" if coverage is None else rating(coverage.value[last], coverage.real[last])
    step, value, low, high = evaluations.step.astype(int), column.value, column.low, column.high
    known = real if math.isfinite(real) else None
    return QualityCurve(label, step[rows], value[rows], low[rows], high[rows], known, word)


def _curve_of_points(now: Snapshot) -> QualityCurve:
    """Its values have no intervals, because they are measured many times a minute."""
    measured = {stats.step: stats.js for stats in now.sample_stats} | {
        row.step: row.value("js") for row in now.evaluations.rows
    }
    found = sorted((step, js) for step, js in measured.items() if js is not None)
    step, js = np.array([step for step, _ in found], dtype=int), np.array([js for _, js in found])
    unknown = np.full(len(js), np.nan)
    floors = [now.fit.floor.js] if now.fit is not None and now.fit.floor is not None else []
    floors += [m.real for row in now.evaluations.rows for m in row.metrics if m.name == "js" and m.real is not None]
    word = point_rating(js[-1]) if len(js) else ""
    return QualityCurve(_JS, step, js, unknown, unknown, floors[-1] if floors else None, word)


def reason_of_absence(now: Snapshot) -> str:
    """When the first score comes, or why there is none."""
    record = now.config.record
    if now.evaluation_error:
        return f"none. {now.evaluation_error}"
    if not now.live:
        return "not measured, because the run ended before its first score"
    if record.judge_every:
        return f"first score at step {record.judge_every:,}"
    if now.config.dataset.kind == "points":
        return "first score with the first samples"
    if record.evaluate_every:
        left = record.evaluate_every - now.seconds
        return "measuring" if left <= 0 else f"first score in {rough_minutes(left / 60)}"
    return f'never measured, because "{setting_names.label("record.evaluate_every")}" is 0'


def last_quality(evaluations: Evaluations) -> str:
    """The last evaluation: "Quality: fair, 41.2 (Fréchet distance; ...)"; "" if there is none."""
    return f"{_metrics(evaluations, -1)}." if len(evaluations) else ""


def _metrics(evaluations: Evaluations, row: int) -> str:
    parts, word = [], ""
    for name, column in evaluations.columns.items():
        value, real, metric = short(column.value[row]), short(column.real[row]), METRICS[name]
        if name == evaluations.metric:
            parts.append(f"**{value}** ({metric.label}; {metric.better} is better; real data scores {real})")
        elif name in _SHOWN:
            parts.append(f"{metric.label} **{value}** (real data {real})")
        if name == "coverage" and (found := rating(column.value[row], column.real[row])):
            word = f"{plain(found)}, "
    return f"Quality at step {int(evaluations.step[row]):,}: {word}{' · '.join(parts)}"


def _provenance(evaluations: Evaluations, row: int) -> str:
    """Each metric with its interval and its provenance."""
    lines = []
    for name, column in evaluations.columns.items():
        basis = column.provenance[row]
        if name in _SHOWN and basis is not None:
            lines.append(
                f"{METRICS[name].label}, {METRICS[name].better} is better: {short(column.low[row])} to "
                f"{short(column.high[row])} (95 %), {basis.n:,} generated against {plain(basis.reference)}, "
                f"{plain(basis.extractor)}."
            )
    seen = {
        plain(sight(basis.extractor)) for column in evaluations.columns.values() if (basis := column.provenance[row])
    }
    lines += [*sorted(seen - {""}), *([RATING] if "coverage" in evaluations.columns else [])]
    best = f"\n\nBest checkpoint so far: step {evaluations.best:,}." if evaluations.best is not None else ""
    return "\n\n".join(lines) + best

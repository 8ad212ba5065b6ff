"""The last evaluation of a run's images in one line, with its provenance as help."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.registry import METRICS, RATING, rating, sight
from gan_core.session.snapshot import Snapshot
from ui.formatting import plain, rough_minutes, short
from ui.train import timeline

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
    elif now.evaluation_error:
        st.caption(f"Quality: none. {plain(now.evaluation_error)}")
    elif not now.live:
        st.caption("Quality: not measured, because the run ended before its first score")
    elif every := now.config.record.evaluate_every:
        left = every - now.seconds
        st.caption("Quality: measuring" if left <= 0 else f"Quality: first score in {rough_minutes(left / 60)}")
    else:
        st.caption("Quality: never measured, because record.evaluate_every is 0")


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

"""The last evaluation of a run's images in one line, with its provenance as help."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.registry import METRICS, sight
from gan_core.session.snapshot import Snapshot
from ui.formatting import plain, short
from ui.train import timeline

_SHOWN = ("frechet", "recall", "coverage")


def panel(now: Snapshot | None) -> None:
    """The metrics of the step on the time line, by default the latest, on one line, so that nothing below moves."""
    if now is None or now.config.dataset.kind != "images":
        return
    chosen = timeline.chosen_step()
    row = -1 if chosen is None else next(iter(np.flatnonzero(now.evaluations.step == chosen).tolist()), None)
    if row is None:
        st.caption(f"Quality · not measured at this step ({chosen:,})")
    elif len(now.evaluations):
        st.caption(_metrics(now.evaluations, row), help=_provenance(now.evaluations, row))
    elif now.evaluation_error:
        st.caption(f"Quality · none: {plain(now.evaluation_error)}")
    elif now.config.record.evaluate_every:
        st.caption(f"Quality · judged after every {short(now.config.record.evaluate_every)} s of training")
    else:
        st.caption("Quality · not judged: record.evaluate_every is 0")


def _metrics(evaluations: Evaluations, row: int) -> str:
    parts = [
        f"{METRICS[name].label} **{short(column.value[row])}** (real data {short(column.real[row])})"
        for name, column in evaluations.columns.items()
        if name in _SHOWN
    ]
    return f"Quality at step {int(evaluations.step[row]):,} · {' · '.join(parts)}"


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
    lines += sorted(seen - {""})
    best = f"\n\nBest checkpoint so far: step {evaluations.best:,}." if evaluations.best is not None else ""
    return "\n\n".join(lines) + best

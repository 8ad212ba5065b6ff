"""The last evaluation of a run's images in one line, with its provenance as help."""

from __future__ import annotations

import streamlit as st

from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.registry import METRICS
from gan_core.session.snapshot import Snapshot
from ui.formatting import short

_SHOWN = ("frechet", "recall", "coverage")


def panel(now: Snapshot | None) -> None:
    """The latest metrics beside those of real data, always on one line, so that nothing below moves."""
    if now is None or now.config.dataset.kind != "images":
        return
    if len(now.evaluations):
        st.caption(_metrics(now.evaluations), help=_provenance(now.evaluations))
    elif now.config.record.evaluate_every:
        st.caption(f"Quality · judged after every {short(now.config.record.evaluate_every)} s of training")
    else:
        st.caption("Quality · not judged: record.evaluate_every is 0")


def _metrics(evaluations: Evaluations) -> str:
    parts = [
        f"{METRICS[name].label} **{short(column.value[-1])}** (real data {short(column.real[-1])})"
        for name, column in evaluations.columns.items()
        if name in _SHOWN
    ]
    return f"Quality at step {int(evaluations.step[-1]):,} · {' · '.join(parts)}"


def _provenance(evaluations: Evaluations) -> str:
    """Each metric with its interval and its provenance."""
    lines = []
    for name, column in evaluations.columns.items():
        basis = column.provenance[-1]
        if name in _SHOWN and basis is not None:
            lines.append(
                f"{METRICS[name].label}, {METRICS[name].better} is better: {short(column.low[-1])} to "
                f"{short(column.high[-1])} (95 %), {basis.n:,} generated against {basis.reference}, {basis.extractor}."
            )
    best = f"\n\nBest checkpoint so far: step {evaluations.best:,}." if evaluations.best is not None else ""
    return "\n\n".join(lines) + best

"""One quantity of all variants in one chart: the median of the seeds, and the band from the lowest to the highest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import streamlit as st

from gan_core.compare import Curve, Study
from gan_core.compare.analysis.results import X
from gan_core.metrics.registry import METRICS
from ui import addresses
from ui.charts.banded import overlaid
from ui.compare import samples, state
from ui.compare.background_results import StudyResults
from ui.components import copy_link, live_chart
from ui.train.chart_help import corner

_NAMES: Mapping[str, str] = {
    "quality": "",  # named by its metric
    "loss_d": "D's loss",
    "loss_g": "G's loss",
    "d_real": "D(x), real",
    "d_fake": "D(G(z)), fake",
    "grad_norm_d": "D's gradient norm",
    "grad_norm_g": "G's gradient norm",
}
_MEASURE, _X, _SMOOTH, _LOG = "compare-measure", "compare-x", "compare-smooth", "compare-log"
_SMOOTHING = 0.02
CURVE, AGAINST = "curve", "against"  # parameters of a link


def panel(study: Study, current: StudyResults) -> None:
    """The choice of a curve, and the chart."""
    quality = METRICS[current.results.metric].label
    names = {name: words or quality for name, words in _NAMES.items()}
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare-curves"):
        name = st.selectbox("Curve", list(names), format_func=names.__getitem__, key=_MEASURE, width=230)
        x: X = st.segmented_control("Against", get_args(X), default="steps", key=_X, required=True)
        query = {"comparison": study.id, CURVE: name, AGAINST: x}
        step = samples.moment(study)
        query |= {} if step is None else {addresses.STEP: str(step)}
        copy_link("link", state.WHERE, addresses.link("compare", query))
    smooth, log = st.session_state.get(_SMOOTH, _SMOOTHING), st.session_state.get(_LOG, False)
    found = current.curves(name, x, 0.0 if name == "quality" else smooth)
    figure = overlaid(names[name], _indexed(current, found), x, log)
    with st.container(key="chart-compare"):
        picked = samples.moment(study) if x == "steps" else None
        live_chart(
            figure,
            key="compare-chart",
            height=370,
            uirevision=f"{study.id} {name}",
            cursor=picked,
            save_as=f"{study.comparison.id}-{name}",
            on_pick=(lambda step: samples.move(study, current.results, step)) if x == "steps" else None,
        )
        with corner("compare"), st.popover("Axes and smoothing", icon=":material/tune:", type="tertiary"):
            st.slider("Smoothing, share of a run", 0.0, 0.2, _SMOOTHING, 0.01, key=_SMOOTH)
            st.toggle("Logarithmic", key=_LOG)
    better = f"{quality}: lower is better · " if name == "quality" else ""
    st.caption(f"{better}line: median of the seeds · band: least to greatest")


def open_link(study: Study) -> None:
    """Show the curve and the step that the URL names, once."""
    query = st.query_params
    if query.get(CURVE) in _NAMES:
        st.session_state[_MEASURE] = query[CURVE]
    if query.get(AGAINST) in get_args(X):
        st.session_state[_X] = query[AGAINST]
    if (step := addresses.linked_step()) is not None:
        samples.show_step(study, step)
    for name in {CURVE, AGAINST, addresses.STEP} & {*query}:
        del query[name]


def _indexed(current: StudyResults, curves: Sequence[Curve]) -> list[tuple[int, Any]]:
    """Each curve with the index of its variant, which decides its colour and dash."""
    ids = list(current.results.titles)
    return [(ids.index(curve.variant), curve) for curve in curves]

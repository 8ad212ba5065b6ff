"""The curves of a run, with what equilibrium looks like for its loss."""

from __future__ import annotations

from functools import partial

import streamlit as st

from gan_core import losses, presets
from gan_core.snapshot import Snapshot
from ui import figures, state
from ui.components import live_chart
from ui.panels.controls import about


def panel(now: Snapshot | None) -> None:
    """Losses, scores and gradient norms; before the first run, what the preset is about."""
    if now is None:
        _before_start()
        return
    loss = losses.get(now.config.loss.name, now.config.loss.combine, now.config.loss.label_smoothing)
    unit = st.session_state.setdefault("unit", "step")
    smoothing = st.session_state.setdefault("smoothing", 0.9)
    log = st.session_state.setdefault("log", False)
    scrub = st.session_state.scrub
    cursor = None if scrub is None else figures.position(now.history, scrub, unit)
    chart = partial(live_chart, uirevision=now.run_id, cursor=cursor, on_pick=lambda step: _pick(now, step))

    figure = figures.losses(now.history, unit, smoothing, log, loss.equilibrium, now.marks)
    chart(figure, key="losses", height=230)
    left, right = st.columns(2, gap="small")
    with left:
        probability = loss.score_name.endswith("probability")
        figure = figures.scores(now.history, unit, smoothing, probability, now.marks)
        chart(figure, key="scores", height=200)
    with right:
        figure = figures.gradient_norms(now.history, unit, smoothing, marks=now.marks)
        chart(figure, key="norms", height=200)
    _how_to_read(loss)


def _how_to_read(loss: losses.Loss) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Chart", icon=":material/show_chart:"):
            st.segmented_control("x axis", ["step", "epoch", "seconds"], key="unit", required=True)
            st.slider("Smoothing", 0.0, 0.99, key="smoothing")
            st.toggle("Logarithmic loss", key="log")
        with st.popover("How to read this", icon=":material/help:", type="tertiary"):
            st.markdown(loss.reading)
            st.latex(rf"L_D = {loss.formula_d}")
            st.latex(rf"L_G = {loss.formula_g}")


def _pick(now: Snapshot, step: float) -> None:
    """Go to the kept frame nearest to the step that was clicked."""
    if now.frames:
        st.session_state.scrub = min(now.frames, key=lambda frame: abs(frame - step))


def _before_start() -> None:
    preset = state.draft().preset
    if preset in presets.names():
        with st.container(border=True):
            about(presets.get(preset))
    st.info(
        "Press **Start** (or the key S) to train. The curves and the samples will move here.",
        icon=":material/play_arrow:",
    )

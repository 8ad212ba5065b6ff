"""The four charts of a run: losses with their equilibrium, scores, gradient norms and quality."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import get_args

import streamlit as st

from gan_core import losses, presets
from gan_core.diagnosis import Chart
from gan_core.session.snapshot import Snapshot
from ui import setting_names
from ui.charts import curves
from ui.charts.quality import quality as quality_figure
from ui.components import live_chart
from ui.train import chart_help, health, own_pictures, picture_settings, quality, state
from ui.train.controls import describe

_UNITS = get_args(curves.Unit)
_SMOOTHING = 0.9


def panel(now: Snapshot | None, chosen: str = "scrub") -> None:
    """Two rows of two charts, or a description of the preset before the first run.

    Args:
        chosen: the key of the session state that holds the step whose samples are shown.
    """
    if now is None:
        _before_start()
        return
    loss = losses.get(now.config.loss.name, now.config.loss.combine, now.config.loss.label_smoothing)
    unit = st.session_state.get("unit") or _UNITS[0]
    smoothing, log = st.session_state.get("smoothing", _SMOOTHING), st.session_state.get("log", False)
    scrub = st.session_state[chosen]
    marks = [replace(mark, text=setting_names.in_words(mark.text)) for mark in now.setting_changes]
    cursor = None if scrub is None else curves.position(now.history, scrub, unit)
    revision = now.run_id if len(now.history) else ""  # a run does not take over the zoom of an empty chart
    chart = partial(live_chart, uirevision=revision, cursor=cursor, on_pick=lambda step: _pick(now, step, chosen))

    def draw(name: Chart, figure: curves.Figure) -> None:
        chart(figure, key=name, height="var(--chart-height)")

    top, bottom = st.columns(2, gap="small"), st.columns(2, gap="small")
    with top[0], st.container(key="chart-losses"):
        warnings = health.evidence_on(now, "losses")
        draw("losses", curves.losses(now.history, unit, smoothing, log, loss.equilibrium, marks, warnings))
        with chart_help.corner("losses"):
            _axes()
            chart_help.of_losses(loss)
    with top[1], st.container(key="chart-scores"):
        probability = losses.get(now.config.loss.name).is_probability
        warnings = health.evidence_on(now, "scores")
        draw("scores", curves.scores(now.history, unit, smoothing, probability, marks, warnings))
        with chart_help.corner("scores"):
            chart_help.of_scores(loss)
    with bottom[0], st.container(key="chart-norms"):
        warnings = health.evidence_on(now, "norms")
        draw("norms", curves.gradient_norms(now.history, unit, smoothing, True, marks, warnings))
        with chart_help.corner("norms"):
            chart_help.of_norms(loss)
    with bottom[1], st.container(key="chart-quality"):
        warnings = [*health.evidence_on(now, "quality"), *health.evidence_on(now, "fit")]
        absent = quality.reason_of_absence(now)
        draw("quality", quality_figure(now.history, quality.curve(now), unit, absent, marks, warnings))
        with chart_help.corner("quality"):
            chart_help.of_quality(points=now.config.dataset.kind == "points")


def _axes() -> None:
    """The x axis, the smoothing and the scale of the charts.

    The widgets have default values of their own. A value that is only in the session state is sent once, and the
    browser has no widget for it yet while the popover is closed.
    """
    with st.popover("Axes and smoothing", icon=":material/tune:", type="tertiary", key="axes"):
        st.segmented_control("x axis", _UNITS, default=_UNITS[0], key="unit", required=True)
        st.slider("Smoothing", 0.0, 0.99, _SMOOTHING, key="smoothing")
        st.toggle("Logarithmic loss", key="log")


def _pick(now: Snapshot, step: float, chosen: str) -> None:
    """Show the saved frame nearest to the clicked step."""
    if now.frames:
        st.session_state[chosen] = min(now.frames, key=lambda frame: abs(frame - step))


def _before_start() -> None:
    config = state.draft()
    if own_pictures.are_missing(config):
        return
    if config.dataset.needs == "files":
        picture_settings.settings(config)
    elif (preset := config.preset) in presets.names():
        with st.container(border=True):
            describe(presets.get(preset), altered=state.changed() is not None)
    st.info(
        "Press **Start** (or the key S) to train. The curves and the samples will move here.",
        icon=":material/play_arrow:",
    )

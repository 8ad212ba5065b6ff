"""A comparison before its start: its runs, memory and time, and the settings that differ."""

from __future__ import annotations

import threading
from typing import Literal

import streamlit as st

from gan_core import compare
from gan_core.compare import Comparison, Estimate, StudyError
from gan_core.config.schema import ConfigError
from ui.compare import ready_made, settings, state
from ui.components import copy_link
from ui.formatting import duration, plain, size

BIND: Literal["query-params"] = "query-params"  # keeps a field's value in the URL, so that a refresh restores it
_MOST_SEEDS, _MOST_STEPS = 20, 1_000_000


def ready_made_plan(name: str) -> None:
    """A ready-made comparison, with fields for its length and seeds."""
    plan = compare.get(name)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(plan.title), anchor=False, width="stretch")
        st.button("All comparisons", icon=":material/arrow_back:", type="tertiary", on_click=state.leave)
        copy_link("link", "Opens this plan in every copy of the app.")
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(f"**Claim.** {plain(plan.claim)}")
        st.caption(plain(plan.source))
        st.markdown(f"**Look for.** {plain(plan.look_for)}")
        if plan.choices:
            st.caption(plain(plan.choices))
        ready_made.measured(name)
    with right:
        panel(with_length(plan, name))


def with_length(plan: Comparison, key: str) -> Comparison:
    """The plan with the seeds and steps from two fields."""
    with st.container(horizontal=True):
        seeds = st.number_input(
            "Seeds", 1, _MOST_SEEDS, len(plan.seeds), key=f"seeds-{key}", bind=BIND, width=150,
            help="Runs of each variant, each with its own seed. A verdict needs 3; more show smaller differences.",
        )  # fmt: skip
        steps = st.number_input(
            "Steps of each run", 1, _MOST_STEPS, plan.steps or 1000, step=100, key=f"steps-{key}", bind=BIND, width=190
        )
    return plan.with_fields(seeds=list(range(int(seeds))), steps=int(steps))


def panel(plan: Comparison) -> None:
    """Runs, memory, time and differences, and the button that starts it."""
    try:
        outline = _outline(plan.to_json())
    except ValueError as error:  # no such device
        st.error(plain(str(error)), icon=":material/error:")
        return
    estimate = _estimate(plan, outline)
    if len(plan.seeds) < 3:
        st.info("With fewer than 3 seeds there are curves and pictures, but no verdict.", icon=":material/info:")
    settings.fairness_of(plan)
    if st.button(  # a callback would miss the change of a field that still has the focus
        f"Start {estimate.runs:,} runs",
        icon=":material/play_arrow:",
        type="primary",
        key="start-comparison",
        help="They train in the background. You can leave this page, or close it, and come back.",
    ):
        state.begin(plan)
        st.rerun()
    st.markdown("**What differs**, and nothing else:")
    settings.of_plan(plan)


@st.cache_data(max_entries=50, show_spinner="Working out what fits")
def _outline(plan: str) -> Estimate:
    return compare.outline(Comparison.from_json(plan))


class Measurement:
    """Measures each kind of run in the background, to estimate the time of all of them."""

    def __init__(self, plan: Comparison) -> None:
        self.share, self.estimate, self.error = 0.0, None, ""  # type: float, Estimate | None, str
        self._plan = plan
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        if self._thread is None:  # another tab may have started it
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self.estimate = compare.measure(self._plan, progress=self._progress)
        except (StudyError, ConfigError, ValueError, OSError) as error:
            self.error = str(error)

    def _progress(self, share: float) -> None:
        self.share = share


@st.cache_resource(max_entries=50, show_spinner=False)
def _measurement(plan: str) -> Measurement:
    return Measurement(Comparison.from_json(plan))


def _estimate(plan: Comparison, outline: Estimate) -> Estimate:
    """Shows what the comparison needs, with the time if it was measured; returns the best estimate."""
    measurement = _measurement(plan.to_json())
    known = measurement.estimate or outline
    at_once = f"{known.workers:,} at a time" if known.workers > 1 else "one after another"
    with st.container(horizontal=True, key="takes"):
        st.metric(
            "Runs", f"{known.runs:,}", width="content", help=f"{len(plan.variants)} variants, {len(plan.seeds)} seeds"
        )
        st.metric("On " + _device(known), at_once, width="content")
        st.metric("Memory at once", size(known.memory), width="content")
        if known.seconds is not None:
            about = f"about {duration(known.seconds)}"
            st.metric("Time", about, width="content", help="Hours, minutes and seconds, from trying each kind")
    if measurement.error:
        st.error(plain(measurement.error), icon=":material/error:")
    elif measurement.is_running:
        _follow(measurement)
    elif measurement.estimate is None:
        st.button(
            "How long will it take?",
            icon=":material/timer:",
            on_click=measurement.start,
            help="Tries each kind of run for some seconds, in the background",
        )
    return known


def _device(known: Estimate) -> str:
    return "this CPU" if known.device == "cpu" else "this GPU"


@st.fragment(run_every=0.5)
def _follow(measurement: Measurement) -> None:
    st.progress(measurement.share, f"Trying each kind of run: {measurement.share:.0%}")
    if not measurement.is_running:
        st.rerun()

"""What a comparison would take and what would differ, before it starts."""

from __future__ import annotations

import threading
from typing import Literal

import streamlit as st

from gan_core import compare
from gan_core.compare import Comparison, Estimate, StudyError
from gan_core.config.schema import ConfigError
from ui.compare import ready_made, settings, state
from ui.formatting import duration, plain, size

BIND: Literal["query-params"] = "query-params"  # a field's value stands in the address, so that a refresh keeps it
_MOST_SEEDS, _MOST_STEPS = 20, 1_000_000


def of_ready(name: str) -> None:
    """One of the sources' comparisons, with its length and seeds to choose."""
    plan = compare.get(name)
    st.button("All comparisons", icon=":material/arrow_back:", type="tertiary", on_click=state.leave)
    st.subheader(plain(plan.title), anchor=False)
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(f"**Claim.** {plain(plan.claim)}")
        st.caption(plain(plan.source))
        st.markdown(f"**Look for.** {plain(plan.look_for)}")
        if plan.choices:
            st.caption(plan.choices)
        ready_made.measured(name)
    with right:
        panel(lengthened(plan, name))


def lengthened(plan: Comparison, key: str) -> Comparison:
    """The plan with as many seeds and steps as the page's two fields say."""
    with st.container(horizontal=True):
        seeds = st.number_input(
            "Seeds", 1, _MOST_SEEDS, len(plan.seeds), key=f"seeds-{key}", bind=BIND, width=150,
            help="Runs of each variant, with other chances. A verdict needs 3; more show smaller differences.",
        )  # fmt: skip
        steps = st.number_input(
            "Steps of each run", 1, _MOST_STEPS, plan.steps or 1000, step=100, key=f"steps-{key}", bind=BIND, width=190
        )
    return plan.with_fields(seeds=list(range(int(seeds))), steps=int(steps))


def panel(plan: Comparison) -> None:
    """Runs, memory, time, what differs; and the button that starts it."""
    try:
        outline = _outline(plan.to_json())
    except ValueError as error:  # no such device
        st.error(str(error), icon=":material/error:")
        return
    estimate = _estimate(plan, outline)
    if len(plan.seeds) < 3:
        st.info("With fewer than 3 seeds there are curves and pictures, but no verdict.", icon=":material/info:")
    if st.button(  # no callback, which would start the plan as it was before a field that is still being left
        f"Start {estimate.runs} runs",
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


# ---- how long --------------------------------------------------------------------------------------------------------


class Trial:
    """Tries each kind of run for a moment, in the background, to tell how long all of them take."""

    def __init__(self, plan: Comparison) -> None:
        self.share, self.estimate, self.error = 0.0, None, ""  # type: float, Estimate | None, str
        threading.Thread(target=self._run, args=(plan,), daemon=True).start()

    @property
    def under_way(self) -> bool:
        return self.estimate is None and not self.error

    def _run(self, plan: Comparison) -> None:
        try:
            self.estimate = compare.measure(plan, progress=self._tell)
        except (StudyError, ConfigError, ValueError, OSError) as error:
            self.error = str(error)

    def _tell(self, share: float, what: str) -> None:
        self.share = share


@st.cache_resource(show_spinner=False)
def _trials() -> dict[str, Trial]:
    return {}


def _estimate(plan: Comparison, outline: Estimate) -> Estimate:
    """What it takes, in a line; with the time as soon as somebody wants to know it."""
    trial = _trials().get(plan.to_json())
    known = trial.estimate if trial is not None and trial.estimate is not None else outline
    at_once = f"{known.workers} at a time" if known.workers > 1 else "one after another"
    with st.container(horizontal=True, key="takes"):
        st.metric("Runs", known.runs, width="content", help=f"{len(plan.variants)} variants, {len(plan.seeds)} seeds")
        st.metric("On " + _place(known), at_once, width="content")
        st.metric("Memory at once", size(known.memory), width="content")
        if known.seconds is not None:
            told = duration(known.seconds)
            st.metric(
                "Time", f"about {told}", width="content", help="Hours, minutes and seconds, from trying each kind"
            )
    if trial is None:
        st.button(
            "How long will it take?",
            icon=":material/timer:",
            on_click=_try,
            args=(plan,),
            help="Tries each kind of run for some seconds, in the background",
        )
    elif trial.error:
        st.error(plain(trial.error), icon=":material/error:")
    elif trial.under_way:
        _follow(trial)
    return known


def _place(known: Estimate) -> str:
    return "this CPU" if known.device == "cpu" else "this GPU"


def _try(plan: Comparison) -> None:
    trials = _trials()
    while len(trials) >= 50:
        del trials[next(iter(trials))]
    trials[plan.to_json()] = Trial(plan)


@st.fragment(run_every=0.5)
def _follow(trial: Trial) -> None:
    st.progress(trial.share, f"Trying each kind of run: {trial.share:.0%}")
    if not trial.under_way:
        st.rerun()

"""The ready-made comparisons: the question, the source's claim, the measured result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan_core import compare
from gan_core.compare import Comparison
from ui.compare import state
from ui.formatting import plain, short

OUTCOMES: Mapping[str, tuple[str, str]] = {  # icon and colour
    "confirmed": ("check_circle", "green"),
    "refuted": ("cancel", "orange"),
    "undecided": ("help", "gray"),
}


def panel() -> None:
    """A card for each ready-made comparison."""
    with st.container(horizontal=True, key="ready-comparisons"):
        for name in compare.names():
            _card(name, compare.get(name))


def outcome(verdict: str) -> str:
    """A badge for the outcome of a claim."""
    icon, colour = OUTCOMES[verdict]
    text = "not settled" if verdict == "undecided" else verdict
    return f":{colour}-badge[:material/{icon}: {plain(text)}]"


def measured(name: str) -> None:
    """The outcome of the source's claims, for each measured length of the runs."""
    for report in compare.measured(name):
        _claims(report)
        tests = [plain(test["text"]) for claim in report["claims"] for test in claim["tests"]]
        if tests:
            with st.expander("Figures"):
                st.caption("\n\n".join(tests))


def _claims(report: Mapping[str, Any]) -> None:
    plan = report["comparison"]
    length = f"{plan['steps']:,} steps" if plan["steps"] else f"{short(plan['seconds'])} s"
    st.caption(f"Measured here, {length}, {len(plan['seeds'])} seeds")
    for claim in report["claims"]:
        st.markdown(f"{outcome(claim['outcome'])} {plain(claim['says'])}")
        st.caption(plain(claim["text"]))


def _card(name: str, plan: Comparison) -> None:
    with st.container(border=True, width=419, height="stretch"):
        st.markdown(f"**{plain(plan.title)}**")
        st.caption(" · ".join([*(plain(v.title) for v in plan.variants), f"{len(plan.jobs())} runs"]))
        st.markdown(f"Claim: {plain(plan.claim)}")
        st.caption(plain(plan.source))
        for report in compare.measured(name)[-1:]:  # the longest runs
            _claims(report)
        st.button(
            "Open",
            key=f"choose-{name}",
            icon=":material/arrow_forward:",
            icon_position="right",
            on_click=state.choose,
            args=(name,),
        )

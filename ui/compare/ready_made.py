"""The comparisons that the sources made: the question, what the source claims, what was measured here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan_core import compare
from gan_core.compare import Comparison
from ui.compare import state
from ui.formatting import plain

OUTCOMES: Mapping[str, tuple[str, str]] = {  # an outcome's icon and colour
    "confirmed": ("check_circle", "green"),
    "refuted": ("cancel", "orange"),
    "undecided": ("help", "gray"),
}


def panel() -> None:
    """A card for each."""
    with st.container(horizontal=True, key="ready-comparisons"):
        for name in compare.names():
            _card(name, compare.get(name))


def outcome(verdict: str) -> str:
    """A badge that says in colour, sign and word what became of a claim."""
    icon, colour = OUTCOMES[verdict]
    return f":{colour}-badge[:material/{icon}: {verdict}]"


def measured(name: str) -> None:
    """What became of the source's claims here, for each length of the runs that was measured."""
    for report in compare.measured(name):
        _claims(report)
        tests = [plain(test["text"]) for judged in report["claims"] for test in judged["tests"]]
        if tests:
            with st.expander("Figures"):
                st.caption("\n\n".join(tests))


def _claims(report: Mapping[str, Any]) -> None:
    plan = report["comparison"]
    length = f"{plan['steps']:,} steps" if plan["steps"] else f"{plan['seconds']:g} s"
    st.caption(f"Measured here, {length}, {len(plan['seeds'])} seeds")
    for judged in report["claims"]:
        st.markdown(f"{outcome(judged['outcome'])} {plain(judged['says'])}")
        st.caption(plain(judged["text"]))


def _card(name: str, plan: Comparison) -> None:
    with st.container(border=True, width=419, height="stretch"):
        st.markdown(f"**{plain(plan.title)}**")
        st.caption(" · ".join([*(plain(v.title) for v in plan.variants), f"{len(plan.jobs())} runs"]))
        st.markdown(f"Claim: {plain(plan.claim)}")
        st.caption(plain(plan.source))
        for report in compare.measured(name)[-1:]:  # the longest runs
            _claims(report)
        st.button(
            "Look into it",
            key=f"choose-{name}",
            icon=":material/arrow_forward:",
            icon_position="right",
            on_click=state.choose,
            args=(name,),
        )

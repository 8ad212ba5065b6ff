"""The ready-made comparisons: the question, the source's claim, the measured result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from gan_core import compare
from gan_core.compare import Comparison
from ui.charts.banded import overlaid
from ui.compare import state
from ui.components import live_chart
from ui.formatting import plain, short

PICTURES = Path(__file__).parents[2] / "docs" / "images" / "comparisons"  # made by benchmarks.comparison_pictures
PICTURE_STEPS = 400  # of the runs in the pictures
OUTCOMES: Mapping[str, tuple[str, str]] = {  # icon and colour
    "confirmed": ("check_circle", "green"),
    "refuted": ("cancel", "orange"),
    "undecided": ("help", "gray"),
}


def panel() -> None:
    """A card for each ready-made comparison. A click on it opens the comparison."""
    with st.container(key="comparisons"):
        for name in compare.names():
            with st.container(border=True, gap="xsmall", key=f"card-{name}"):
                _card(name, compare.get(name))


def outcome(verdict: str) -> str:
    """A badge for the outcome of a claim."""
    icon, colour = OUTCOMES[verdict]
    text = "not settled" if verdict == "undecided" else verdict
    return f":{colour}-badge[:material/{icon}: {plain(text)}]"


def measured(name: str) -> None:
    """What the longest measured runs have shown, and the outcome of the source's claims for each length of the runs."""
    for report in compare.measured(name)[-1:]:
        _result(name, report)
    for report in compare.measured(name):
        _claims(report)
        tests = [plain(test["text"]) for claim in report["claims"] for test in claim["tests"]]
        if tests:
            with st.expander("Figures"):
                st.caption("\n\n".join(tests))


def _card(name: str, plan: Comparison) -> None:
    st.button(plain(plan.title), key=f"open-{name}", type="tertiary", on_click=state.choose, args=(name,))
    for report in compare.measured(name)[-1:]:  # the longest runs
        _result(name, report)
        for claim in report["claims"]:
            st.caption(f"{outcome(claim['outcome'])} {plain(claim['says'])}")
    st.caption(plain(plan.source))


def _result(name: str, report: Mapping[str, Any]) -> None:
    """The answer in one line, the chart of the quality, and samples of each variant."""
    found = compare.finding(report)
    st.markdown(plain(found.headline.text))
    chart = overlaid(found.metric, list(enumerate(found.curves)), "steps", log=True)
    chart["layout"]["yaxis"]["dtick"] = "D2"  # 1, 2, 5, 10: few enough for a low chart
    live_chart(chart, f"chart-{name}", height=190, uirevision=name)
    titles = {row["variant"]: row["title"] for row in report["table"]}
    pictures = {id: file for id in titles if (file := PICTURES / name / f"{id}.png").exists()}
    if not pictures:
        return
    with st.container(gap=None, key=f"rows-{name}"):
        for id, picture in pictures.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"row-{name}-{id}"):
                st.caption(plain(titles[id]), width=110)
                st.image(picture)
    st.caption(f"The same latents after {PICTURE_STEPS:,} steps, seed 0")


def _claims(report: Mapping[str, Any]) -> None:
    st.caption(f"Measured here, {_length(report)}")
    for claim in report["claims"]:
        st.markdown(f"{outcome(claim['outcome'])} {plain(claim['says'])}")
        st.caption(plain(claim["text"]))


def _length(report: Mapping[str, Any]) -> str:
    plan = report["comparison"]
    length = f"{plan['steps']:,} steps" if plan["steps"] else f"{short(plan['seconds'])} s"
    return f"{length}, {len(plan['seeds'])} seeds"

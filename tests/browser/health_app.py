"""The health panel alone, over a paused session, with artificial findings that the URL names."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from gan_core.config import TrainConfig
from gan_core.diagnosis import Evidence, Finding, Remedy
from gan_core.diagnosis.measured_remedies import Measured
from ui import messages, streamlit_fixes, theme
from ui.server import pool
from ui.train import curves, health, samples, state, timeline

BAD = Finding(
    id="strong-d",
    title="discriminator too strong",
    bad=True,
    since=6,
    evidence=(
        Evidence("scores", "D(x) 0.98 and D(G(z)) 0.02", 0.96, 0.9, 8),
        Evidence("norms", "G's gradient is a hundredth of D's", 0.01, 0.05, 7),
        Evidence("losses", "D's loss stays near 0", 0.04, 0.2, 6),
    ),
    meaning="D tells all samples apart with ease. What G learns from is then one loud, useless direction.",
    remedies=(
        Remedy("slow D", {"optimizer_d.lr": 5e-5}, "G catches up with a slow D.", Measured(6, 5, 6)),
        Remedy("smooth labels", {"loss.label_smoothing": 0.1}),
        Remedy("a smaller D", {"discriminator.hidden": (8,)}),
    ),
)
COLLAPSE = Finding(
    id="collapse",
    title="few modes are reached",
    bad=True,
    since=9,
    evidence=(Evidence("samples", "samples are alike", 0.1, 0.4, 9),),
    meaning="G makes the same few samples. D's loss need not show it.",
    remedies=(Remedy("another seed", {"seed": 9}),),
)
FINE = Finding(
    id="fine",
    title="fine, still improving",
    bad=False,
    since=1,
    evidence=(),
    meaning="Both networks hold each other in balance. Nothing needs to be done.",
)
MORE = [replace(BAD, id=f"more-{n}", title=f"another failure with a long title, number {n}") for n in range(4)]
FINDINGS = {finding.id: finding for finding in (BAD, COLLAPSE, FINE, *MORE)}

st.set_page_config("Health", layout="wide")
theme.inject_css()
streamlit_fixes.apply()
if "draft" not in st.session_state:
    names = ("findings", "steps", "begin")
    asked = {key: value for key, value in st.query_params.items() if key not in names}
    st.session_state.trouble = ""
    st.session_state.draft = TrainConfig.from_query(asked)
    state.watch(None)


@st.fragment(run_every=0.5)
def watch() -> None:
    session = state.watched()
    now = session.snapshot() if session else None
    if now is not None:
        named = st.session_state.get("findings", st.query_params.get("findings", "")).split(",")
        now = replace(now, health=tuple(FINDINGS[name] for name in named if name))
    left, right = st.columns([5, 7], gap="medium")
    with left:
        samples.panel(now)
    with right:
        curves.panel(now)
        health.panel(session, now)
    timeline.panel(now)


if messages.error_text():
    st.error(messages.error_text())
with st.container(horizontal=True):
    begin, stop = st.button("Begin"), st.button("Stop")
    for name in ("strong-d", "collapse", "fine"):
        if st.button(f"Find {name}"):
            st.session_state.findings = name
    if st.button("Find nothing"):
        st.session_state.findings = ""
if begin or (state.watched() is None and "begin" in st.query_params):
    key = pool().open(state.draft())
    session = pool().get(key)
    assert session is not None
    session.step(int(st.query_params.get("steps", "12")))
    state.watch(key)
if stop and (watched := state.watched()) is not None:
    watched.stop()
    watched.wait(30)
watch()
st.text(f"draft {state.draft().optimizer_d.lr:g}, {len(pool().live())} live, run {state.watched_key()}")
for key, session in pool().live().items():
    now = replace(session.snapshot(), health=(BAD,))
    st.button(f"{key}{health.badge(now)}")

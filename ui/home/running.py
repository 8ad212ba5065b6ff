"""The machine, and what trains on it."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from gan_core import compare, presets
from gan_core.compare import StudyError
from gan_core.system.devices import describe_device, find_device
from ui import shell
from ui.formatting import plain
from ui.server import pool
from ui.train import health, state


def panel() -> None:
    """The device for training, and a way to each live session and each comparison that trains."""
    busy = bool(pool().live() or compare.running())
    idle = "" if busy else ". Nothing is training at the moment."
    st.caption(f"Training runs on: {plain(describe_device(find_device('auto')))}{idle}")
    if busy:
        _training()


@st.fragment(run_every=2)
def _training() -> None:
    for key, session in pool().live().items():
        now = session.snapshot()
        text = f"{plain(presets.title(now.config.preset))}: {plain(now.status)}, step {now.step:,}{health.badge(now)}"
        if st.button(text, key=f"go-{key}", icon=":material/visibility:"):
            state.watch(key)
            st.switch_page("pages/train.py")
    for study in compare.running():
        with suppress(StudyError):  # its plan was damaged, which ends it
            label = f"{plain(study.comparison.title)}: a comparison, training"
            query = {"comparison": study.id}
            st.page_link(shell.path("compare"), label=label, icon=":material/compare_arrows:", query_params=query)

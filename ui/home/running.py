"""The machine and its sessions."""

from __future__ import annotations

import streamlit as st

from gan_core import presets
from gan_core.system.devices import describe_device, find_device
from ui.formatting import plain
from ui.server import pool
from ui.train import health, state


def panel() -> None:
    """The device for training, and a button for each live session."""
    st.caption(f"Training runs on: {plain(describe_device(find_device('auto')))}")
    if pool().live():
        _sessions()
    else:
        st.caption("Nothing is training at the moment.")


@st.fragment(run_every=2)
def _sessions() -> None:
    for key, session in pool().live().items():
        now = session.snapshot()
        text = f"{plain(presets.title(now.config.preset))}: {plain(now.status)}, step {now.step:,}{health.badge(now)}"
        if st.button(text, key=f"go-{key}", icon=":material/visibility:"):
            state.watch(key)
            st.switch_page("pages/train.py")

"""The machine and its sessions."""

from __future__ import annotations

import streamlit as st

from gan_core import presets
from gan_core.system.devices import describe_device, find_device
from ui.server import pool
from ui.train import health, state


def panel() -> None:
    """The device for training, and a button for each live session."""
    st.caption(f"Training runs on: {describe_device(find_device('auto'))}")
    live = pool().live()
    if not live:
        st.caption("Nothing is training at the moment.")
    for key, session in live.items():
        now = session.snapshot()
        text = f"{presets.title(now.config.preset)}: {now.status}, step {now.step:,}{health.badge(now)}"
        if st.button(text, key=f"go-{key}", icon=":material/visibility:"):
            state.watch(key)
            st.switch_page("pages/train.py")

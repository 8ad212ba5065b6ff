"""The time line: the saved frames of the run, and the present at its end."""

from __future__ import annotations

import streamlit as st

from gan_core.session.snapshot import Snapshot
from ui.components import scrubber


def panel(now: Snapshot | None) -> None:
    """A slider over the frames of the run, if there are any."""
    if now is not None and now.frames:
        scrubber(now.frames, "timeline", st.session_state.scrub, _move)


def _move(step: int | None) -> None:
    st.session_state.scrub = step

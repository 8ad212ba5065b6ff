"""The time line: the saved frames of the run, and the present at its end."""

from __future__ import annotations

import streamlit as st

from gan_core.session.snapshot import Snapshot
from ui import run_links
from ui.components import copy_link, scrubber


def panel(now: Snapshot | None) -> None:
    """A slider over the frames of the run, if there are any, and a button that copies a link to what it shows."""
    if now is not None and now.frames:
        step = chosen_step()
        with st.container(horizontal=True, vertical_alignment="center", key="timeline-row"):
            scrubber(now.frames, "timeline", step, _move)
            copy_link("link", run_links.where(now.run_id, step), run_links.link("train", now.run_id, step))


def chosen_step() -> int | None:
    """The step that is chosen on the time line; None for the present."""
    return st.session_state.get("scrub")


def step_shown(now: Snapshot) -> int:
    """The step of the samples on the page. A diverged run has none of the present, so it shows its last frame."""
    if (chosen := chosen_step()) is not None:
        return chosen
    return now.sample_view.step if len(now.samples) or not now.frames else now.frames[-1]


def _move(step: int | None) -> None:
    st.session_state.scrub = step

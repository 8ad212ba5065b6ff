"""Train: choose, start, watch, steer. From top to bottom in the order in which the eye meets it."""

import streamlit as st

from ui import shell

shell.come_in()

from ui import form, share, state  # noqa: E402  (the shell stands before torch, which these need, has loaded)
from ui.panels import controls, curves, fit, samples, timeline  # noqa: E402

state.open_page()
session = state.watched()
snapshot = session.snapshot() if session else None

controls.choices()
if state.trouble():
    st.error(state.trouble(), icon=":material/error:")


@st.fragment(run_every=0.5 if snapshot is not None and snapshot.live else None)
def live() -> None:
    """Everything that moves while a run trains; it alone is drawn again, twice a second."""
    now = session.snapshot() if session else None
    controls.bar(session, now)
    left, right = st.columns([5, 7], gap="medium")
    with left:
        samples.panel(now)
    with right:
        curves.panel(now)
        fit.panel(now)
    timeline.panel(now)
    if snapshot is not None and now is not None and snapshot.live != now.live:
        st.rerun()  # the run has ended: draw the page once more, at rest


live()

form.essentials(state.draft(), session)
with st.expander("All settings", icon=":material/tune:"):
    form.all_settings(state.draft(), session)
share.panel(state.draft())
state.write_url()

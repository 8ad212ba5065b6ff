"""Train: choose an experiment, start it, watch it and change it. The code follows the order of the screen."""

import streamlit as st

from ui import shell

shell.ensure_navigation()

from ui import messages, refresh  # noqa: E402  (the navigation appears before torch is imported)
from ui.charts import series  # noqa: E402
from ui.formatting import plain  # noqa: E402
from ui.train import (  # noqa: E402
    controls,
    curves,
    end_card,
    enlarged,
    form,
    health,
    model_card,
    paste,
    point_fit,
    quality,
    samples,
    state,
    step_diagram,
    strip,
    timeline,
)

state.open_page()
session = state.watched()
snapshot = session.snapshot() if session else None
state.follow(session)

enlarged.panel(samples.GRID)
controls.choices()
error_text = messages.error_text()
with shell.notices():
    if error_text:
        st.error(plain(error_text), icon=":material/error:")
    if messages.note_text():
        st.info(plain(messages.note_text()), icon=":material/info:")

PACE = refresh.interval() if snapshot is not None and snapshot.live else None  # seconds between refreshes


@st.fragment(run_every=PACE)
def drive() -> None:
    """The buttons and the progress, in their own fragment, so that a click is answered at once."""
    if state.watched() is not session or messages.error_text() != error_text:
        st.rerun()  # another session or a new error message, which are shown outside this fragment
    if PACE:
        refresh.update_interval()
    controls.bar(session, session.snapshot() if session else None)
    end_card.panel(state.shown(session))


@st.fragment(run_every=PACE)
def watch() -> None:
    """Everything that moves while a run trains."""
    if state.follow(session) or messages.error_text() != error_text or strip.has_another_speed(session):
        st.rerun()  # the strip, the form and the error message are outside this fragment
    now = state.shown(session)
    left, right = st.columns([5, 7], gap="medium")
    with left:
        samples.panel(now, samples.link_to_latent)
    with right:
        curves.panel(now)
        health.panel(session, now)
        quality.panel(now)
        point_fit.panel(now)
    timeline.panel(now)
    step_diagram.panel(now)
    state.write_run_to_url()
    if snapshot is not None and session is not None and snapshot.live != session.snapshot().live:
        st.rerun()  # the run has ended: draw the whole page once more


drive()
strip.panel(state.draft(), session)
watch()

form.essentials(state.draft(), session)
with st.expander("All settings", icon=":material/tune:"):
    form.all_settings(state.draft(), session)
    paste.panel()
model_card.panel(state.draft(), session)
state.write_url()
series.prepare()

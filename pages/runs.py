"""Runs: everything that was trained here. Find a run, look at it, go on with it, fork it, take it elsewhere."""

import streamlit as st

from ui import shell

shell.ensure_navigation()

from gan_core.runs import RunError, shipped  # noqa: E402  (the shell stands before torch, which these need, has loaded)
from ui.runs import actions, detail, library_bar, run_list, selection  # noqa: E402
from ui.server import pool  # noqa: E402

(own, damaged), shipped_runs = pool().store.scan(), shipped.SHIPPED.list()
runs = [*own, *shipped_runs]
PACE = 2 if pool().live() else None  # seconds between two looks, while something trains


@st.fragment(run_every=PACE)
def library() -> None:
    """The list moves while runs train; a choice there changes the rest of the page too."""
    run_list.panel([*pool().store.list(), *shipped_runs])
    if selection.news():
        st.rerun()


def about_the_chosen() -> None:
    """One run, whole; or what to do to see one."""
    chosen = next((run for run in runs if run.id == selection.chosen()), None)
    if chosen is not None:
        try:
            detail.panel(chosen, runs)
        except (RunError, OSError) as error:
            st.error(str(error), icon=":material/error:")
    elif (name := selection.chosen()) in damaged:
        st.error(library_bar.why({name: damaged[name]}), icon=":material/error:")
    elif selection.chosen():
        st.info("This run is no longer here; it may have been deleted. Choose another one.", icon=":material/info:")
    else:
        st.info("Choose a run to see how it went, and to go on with it.", icon=":material/arrow_back:")


selection.news()  # all of the page is drawn anew anyway
with shell.notices():
    actions.notices()
if runs:
    left, right = st.columns([5, 9], gap="medium")
    with left:
        library_bar.bar(own)
        library()
        library_bar.damaged(damaged)
    with right:
        about_the_chosen()
    selection.write_url()
else:
    st.subheader("No runs yet", anchor=False)
    st.markdown("Every run that you train is kept here: its samples, its curves and its checkpoints.")
    st.page_link(shell.path("train"), label="Train a first one", icon=":material/play_circle:")
    library_bar.bar(own)

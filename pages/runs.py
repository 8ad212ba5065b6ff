"""The Runs page: all runs of the library and the selected run in full."""

import streamlit as st

from ui import shell

shell.ensure_navigation()

from gan_core.runs import RunError, shipped  # noqa: E402  (the page frame appears before these load torch)
from ui.formatting import plain  # noqa: E402
from ui.runs import actions, detail, library_bar, run_list, selection  # noqa: E402
from ui.server import pool  # noqa: E402

(own, damaged), shipped_runs = pool().store.scan(), shipped.SHIPPED.list()
runs = [*own, *shipped_runs]
REFRESH = 2 if pool().live() else None  # seconds


@st.fragment(run_every=REFRESH)
def library() -> None:
    """The list, refreshed while runs train. A selection there reruns the whole page."""
    run_list.panel([*pool().store.list(), *shipped_runs])
    if selection.pop_changed():
        st.rerun()


def selected_run() -> None:
    """The selected run, or a message."""
    chosen = next((run for run in runs if run.id == selection.chosen()), None)
    if chosen is not None:
        try:
            detail.panel(chosen, runs)
        except (RunError, OSError) as error:
            st.error(plain(str(error)), icon=":material/error:")
    elif (name := selection.chosen()) in damaged:
        st.error(library_bar.explain(damaged[name]), icon=":material/error:")
    elif selection.chosen():
        st.info(
            "This run is not in this library. It was deleted, or the link is from another machine.",
            icon=":material/info:",
        )
    else:
        st.info("Choose a run to see how it went, and to go on with it.", icon=":material/arrow_back:")


selection.pop_changed()  # clears the flag: the whole page is running
with shell.notices():
    actions.notices()
if runs or damaged:
    left, right = st.columns([5, 9], gap="medium")
    with left:
        library_bar.bar(own)
        library()
        library_bar.damaged(damaged)
    with right:
        selected_run()
    selection.write_url()
else:
    st.subheader("No runs yet", anchor=False)
    st.markdown("Every run that you train is kept here: its samples, its curves and its checkpoints.")
    st.page_link(shell.path("train"), label="Train a first one", icon=":material/play_circle:")
    library_bar.bar(own)

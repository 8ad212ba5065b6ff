"""Compare: which choice is better, and is it luck? Choose, see what it takes, watch all runs, read the verdict."""

import streamlit as st

from ui import shell

shell.ensure_navigation()

from gan_core.compare import Study, StudyError  # noqa: E402  (the shell stands before torch, which these need, has loaded)
from ui.compare import (  # noqa: E402
    background_results,
    custom_plan,
    header,
    plan_preview,
    progress,
    ready_made,
    results,
    saved,
    state,
)
from ui.server import freeze_loaded_objects  # noqa: E402


def choose() -> None:
    """What is ready to start, what was saved, and what one can put together."""
    st.subheader("Which choice is better, and is it luck?", anchor=False)
    st.markdown(
        "Runs that differ in one thing, each several times over with other chances (seeds), judged alike. "
        "A difference counts only if it stands out from that luck."
    )
    saved.panel()
    ready, by_oneself = st.tabs(["Ready to start", "Your own"], key="choose", bind=plan_preview.BIND)
    with ready:
        ready_made.panel()
    with by_oneself:
        custom_plan.panel()


def show(study: Study) -> None:
    """What is compared, and everything that moves while the runs train."""
    freeze_loaded_objects("compare")
    header.panel(study)
    moved = progress.moves(study)

    @st.fragment(run_every=0.7 if moved else None)
    def watch() -> None:
        try:
            progress.panel(study)
            moves = progress.moves(study)
            results.panel(study, background_results.of(study, fresh=not moves))
        except StudyError as error:
            st.error(str(error), icon=":material/error:")
            return
        if moves != moved:
            st.rerun()  # the last run has ended, or one goes on: look at the right pace

    @st.fragment(run_every=None if moved else 2)
    def notice() -> None:
        if progress.moves(study) != moved:
            st.rerun()  # another tab lets it go on

    watch()
    notice()


study = state.opened()
with shell.notices():
    if trouble := state.told():
        st.error(trouble, icon=":material/error:")
if study is not None:
    show(study)
elif (name := state.chosen()) is not None:
    plan_preview.of_ready(name)
else:
    choose()

"""The Compare page: choose a comparison, see what it needs, follow its runs, read the verdict."""

import streamlit as st

from ui import shell

shell.ensure_navigation()

from gan_core.compare import Study, StudyError  # noqa: E402  (the navigation appears before torch has loaded)
from ui.compare import (  # noqa: E402
    background_results,
    curves,
    custom_plan,
    header,
    plan_preview,
    progress,
    ready_made,
    samples,
    saved,
    settings,
    state,
    table,
    verdict,
)
from ui.formatting import plain  # noqa: E402
from ui.server import freeze_loaded_objects  # noqa: E402


def choose() -> None:
    """The choice: saved studies, ready-made comparisons, and a form for a new one."""
    st.subheader("Which choice is better, and is it luck?", anchor=False)
    st.markdown("Change one thing, repeat it with different random seeds, and see if the difference is real.")
    saved.panel()
    ready, custom = st.tabs(["Ready to start", "Your own"], key="choose", bind=plan_preview.BIND)
    with ready:
        ready_made.panel()
    with custom:
        custom_plan.panel()


def show(study: Study) -> None:
    """One study: its header, its progress and its results, refreshed while its runs train."""
    freeze_loaded_objects("compare")
    curves.open_link(study)
    header.panel(study)
    was_training = progress.is_training(study)

    @st.fragment(run_every=0.7 if was_training else None)
    def watch() -> None:
        try:
            progress.panel(study)
            training = progress.is_training(study)
            results(study, background_results.results_of(study, fresh=not training))
        except StudyError as error:
            st.error(plain(str(error)), icon=":material/error:")
            return
        if training != was_training:
            st.rerun()  # the refresh interval of this fragment must change

    @st.fragment(run_every=None if was_training else 2)
    def notice() -> None:
        if progress.is_training(study) != was_training:
            st.rerun()  # another tab has started it

    watch()
    notice()


def results(study: Study, current: background_results.StudyResults) -> None:
    """All results of a study so far, its headline first."""
    if not current.results.runs:
        st.info(
            "The first curves and pictures come with the first steps; a worker needs some seconds to begin.",
            icon=":material/hourglass_top:",
        )
        return
    verdict.panel(study, current)
    left, right = st.columns([7, 5], gap="large")
    with left:
        curves.panel(study, current)
        verdict.tests(current)
    with right:
        samples.panel(study, current.results)
    table.panel(current)
    with st.expander("What differs", icon=":material/difference:"):
        settings.panel(current.results)


study, name = state.opened(), state.chosen()
with shell.notices():
    if error_text := state.error_text():
        st.error(plain(error_text), icon=":material/error:")
if study is not None:
    show(study)
elif name is not None:
    plan_preview.ready_made_plan(name)
else:
    choose()

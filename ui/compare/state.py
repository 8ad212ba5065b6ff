"""Which comparison the tab shows or prepares, kept in its URL.

The form fields of a comparison that is being prepared are in the URL as well (`bind`).
"""

from __future__ import annotations

from difflib import get_close_matches

import streamlit as st

from gan_core import compare
from gan_core.compare import Comparison, Resources, Study, StudyError, StudyStore
from gan_core.config.schema import ConfigError
from gan_core.runs import RunError
from ui.server import pool
from ui.widgets import undo_bar

_STUDY, _PLAN, _RUNS = "comparison", "ready", "runs"
WHERE = "Opens this comparison, on this machine only, because its runs are in the library here."
_TROUBLE, _UNDO = "trouble with comparisons", "comparison to undo"


def store() -> StudyStore:
    """The studies of this server's library."""
    return StudyStore(pool().store.root)


def opened() -> Study | None:
    """The study that the URL names; None if it names none, or an error message is shown because it does not exist."""
    try:
        if run_ids := [run_id for run_id in st.query_params.get(_RUNS, "").split(",") if run_id]:
            show(store().from_runs(run_ids[:50]))
        study = store().open(study_id) if (study_id := st.query_params.get(_STUDY)) else None
        return study if study is None or study.comparison else None
    except (StudyError, RunError, ConfigError) as error:
        show_error(str(error))
        leave()
        return None


def chosen() -> str | None:
    """The id of the ready-made comparison that the URL names."""
    name = st.query_params.get(_PLAN)
    if name is None or name in compare.names():
        return name
    near = get_close_matches(name, compare.names(), 1, cutoff=0.4)
    offer = f' Did you mean "{compare.get(near[0]).title}"?' if near else ""
    show_error(f'There is no comparison "{name[:80]}".{offer} Choose one below.')
    leave()
    return None


def show(study: Study) -> None:
    """Show this study from now on."""
    _set_url({_STUDY: study.id})


def choose(name: str) -> None:
    """Show a ready-made comparison."""
    _set_url({_PLAN: name})


def leave() -> None:
    """Show the choice of comparisons. Runs continue to train."""
    _set_url({})


def _set_url(parameters: dict[str, str]) -> None:
    """Set this module's URL parameters. Streamlit removes the bound ones when their fields are no longer shown."""
    for name in {_STUDY, _PLAN, _RUNS} & {*st.query_params}:
        del st.query_params[name]
    st.query_params.update(parameters)


def begin(plan: Comparison) -> None:
    """Start a comparison and show it, or show an error."""
    try:
        study = store().create(plan)
        start(study)
        show(study)
    except (StudyError, ValueError, OSError) as error:
        show_error(str(error))


def start(study: Study) -> None:
    """Train the pending jobs. Raises `StudyError` if another process has just started to."""
    runner = compare.runner_of(study)
    elsewhere = study.is_running and (runner is None or not runner.alive)
    if study.pending_jobs() and not elsewhere:  # another process that runs the study reads its new jobs by itself
        compare.start(study, Resources(workers=compare.outline(study.comparison).workers))


def delete(study_id: str, title: str) -> None:
    """Move a study to the trash; `offer_undo` shows a way to undo it."""
    try:
        store().trash(study_id)
        st.session_state[_UNDO] = (study_id, title)
    except StudyError as error:
        show_error(str(error))


def offer_undo() -> None:
    """A line to undo the last deletion."""
    if _UNDO in st.session_state:
        study_id, title = st.session_state[_UNDO]
        undo_bar(title, _restore, study_id)


def _restore(study_id: str) -> None:
    st.session_state.pop(_UNDO, None)
    try:
        store().restore(study_id)
    except StudyError as error:
        show_error(str(error))


def show_error(text: str) -> None:
    """Show an error at the top of the page."""
    st.session_state[_TROUBLE] = text


def error_text() -> str:
    """The error of the last action; "" if there is none. It is shown once."""
    return st.session_state.pop(_TROUBLE, "")

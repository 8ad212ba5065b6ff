"""Which comparison the tab shows, or is about to start. Its address says so, and nothing else does.

The fields of one that is about to start are in the address too, each by itself (`bind`).
"""

from __future__ import annotations

import streamlit as st

from gan_core import compare
from gan_core.compare import Comparison, Resources, Study, StudyError, StudyStore
from gan_core.config.schema import ConfigError
from gan_core.runs import RunError
from ui.server import pool
from ui.widgets import undo_bar

_RACE, _PLAN, _RUNS = "comparison", "ready", "runs"
_TROUBLE, _UNDO = "trouble with comparisons", "comparison to undo"


def store() -> StudyStore:
    """All comparisons of this server's library."""
    return StudyStore(pool().store.root)


def opened() -> Study | None:
    """The comparison that the address names; None where it names none, or one that is not there, which is told."""
    try:
        if run_ids := [run_id for run_id in st.query_params.get(_RUNS, "").split(",") if run_id]:
            show(store().gather(run_ids[:50]))
        study = store().open(race_id) if (race_id := st.query_params.get(_RACE)) else None
        return study if study is None or study.comparison else None
    except (StudyError, RunError, ConfigError) as error:
        complain(str(error))
        leave()
        return None


def chosen() -> str | None:
    """The comparison ready to start that the address names."""
    name = st.query_params.get(_PLAN)
    return name if name in compare.names() else None


def show(study: Study) -> None:
    """Show this comparison from now on."""
    _turn_to({_RACE: study.id})


def choose(name: str) -> None:
    """Look at a comparison that is ready to start."""
    _turn_to({_PLAN: name})


def leave() -> None:
    """Show no comparison, so that one can be chosen. What trains goes on."""
    _turn_to({})


def _turn_to(address: dict[str, str]) -> None:
    """Fields that are bound to the address leave it by themselves, as they are no longer drawn."""
    for name in {_RACE, _PLAN, _RUNS} & {*st.query_params}:
        del st.query_params[name]
    st.query_params.update(address)


def begin(plan: Comparison) -> None:
    """Start a comparison and show it; or say why not."""
    try:
        study = store().create(plan)
        go_on(study)
        show(study)
    except (StudyError, ValueError, OSError) as error:
        complain(str(error))


def go_on(study: Study) -> None:
    """Have somebody train what may go on. Raises `StudyError` where another process does so already."""
    if study.jobs_to_do() and not _tended_elsewhere(study):
        compare.start(study, Resources(workers=compare.outline(study.comparison).workers))


def delete(race_id: str, title: str) -> None:
    """Into the trash with it; `way_back` offers to undo that."""
    try:
        store().trash(race_id)
        st.session_state[_UNDO] = (race_id, title)
    except StudyError as error:
        complain(str(error))


def way_back() -> None:
    """A line to undo the last deletion, for as long as there is one."""
    if _UNDO in st.session_state:
        race_id, title = st.session_state[_UNDO]
        undo_bar(title, _restore, race_id)


def _restore(race_id: str) -> None:
    st.session_state.pop(_UNDO, None)
    try:
        store().restore(race_id)
    except StudyError as error:
        complain(str(error))


def _tended_elsewhere(study: Study) -> bool:
    """Whether another process trains it; that one reads the orders and the plan by itself."""
    runner = compare.runner_of(study)
    return study.tended and (runner is None or not runner.alive)


def complain(text: str) -> None:
    """Tell at the top of the page what went wrong."""
    st.session_state[_TROUBLE] = text


def told() -> str:
    """What went wrong with the last thing asked for; it is told once."""
    text: str = st.session_state.pop(_TROUBLE, "")
    return text

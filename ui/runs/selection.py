"""The run that the tab has selected, in session state and in the URL."""

from __future__ import annotations

import streamlit as st

_RUN, STEP, _CHANGED = "run", "rest-step", "another run was chosen"


def chosen() -> str | None:
    """The id of the selected run, or None."""
    run_id: str | None = st.session_state.setdefault(_RUN, st.query_params.get(_RUN))
    st.session_state.setdefault(STEP, None)
    return run_id


def choose(run_id: str | None) -> None:
    """Select another run, or none, and show its last picture."""
    st.session_state[_RUN] = run_id
    st.session_state[STEP] = None
    st.session_state[_CHANGED] = True


def pop_changed() -> bool:
    """Whether another run was selected since the last call."""
    return bool(st.session_state.pop(_CHANGED, False))


def write_url() -> None:
    """Write the selection to the URL."""
    wanted = {_RUN: run_id} if (run_id := chosen()) else {}
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def step() -> int | None:
    """The selected step, None for the last."""
    return st.session_state[STEP]


def move(at: int | None) -> None:
    st.session_state[STEP] = at

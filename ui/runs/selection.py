"""The run that the tab has selected, in session state and in the URL."""

from __future__ import annotations

import streamlit as st

from ui import addresses

_RUN, STEP, _CHANGED = "run", "rest-step", "another run was chosen"


def chosen() -> str | None:
    """The id of the selected run, or None. A new tab takes it, and the step, from its URL."""
    run_id: str | None = st.session_state.setdefault(_RUN, st.query_params.get(addresses.RUN))
    st.session_state.setdefault(STEP, addresses.linked_step())
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
    wanted = {addresses.RUN: run_id} if (run_id := chosen()) else {}
    if run_id and (at := step()) is not None:
        wanted[addresses.STEP] = str(at)
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def step() -> int | None:
    """The selected step, None for the last."""
    return st.session_state[STEP]


def move(at: int | None) -> None:
    st.session_state[STEP] = at

"""Which run the tab has chosen; its address says so too."""

from __future__ import annotations

import streamlit as st

_RUN, STEP, _NEWS = "run", "rest-step", "another run was chosen"


def chosen() -> str | None:
    """The id of the run that is chosen, or None."""
    run_id: str | None = st.session_state.setdefault(_RUN, st.query_params.get(_RUN))
    st.session_state.setdefault(STEP, None)
    return run_id


def choose(run_id: str | None) -> None:
    """Choose another run, or none; its last picture is shown first."""
    st.session_state[_RUN] = run_id
    st.session_state[STEP] = None
    st.session_state[_NEWS] = True


def news() -> bool:
    """Whether another run was chosen since this was last asked."""
    return bool(st.session_state.pop(_NEWS, False))


def write_url() -> None:
    """Keep the address telling what is chosen."""
    wanted = {_RUN: run_id} if (run_id := chosen()) else {}
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def step() -> int | None:
    """The step whose samples are shown, None for the last."""
    at: int | None = st.session_state[STEP]
    return at


def move(at: int | None) -> None:
    st.session_state[STEP] = at

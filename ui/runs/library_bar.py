"""What concerns the library as a whole: bringing runs in, the room it takes, its trash."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from gan_core.runs import RunError, RunStore, RunSummary, unpack
from ui.formatting import ago, plain, size
from ui.runs import actions, selection
from ui.server import pool

_SURE = "sure to empty"
_LEAST, _MOST = 0.001, 100_000.0  # GB that a library may be limited to
_NAMED = 3  # damaged folders that are named


def bar(runs: list[RunSummary]) -> None:
    """Import, trash, and how much of its limit the library takes."""
    store = pool().store
    trashed, in_trash = store.trashed(), store.trash_bytes
    used = _taken(store.root, sum(run.bytes for run in runs) + in_trash)
    with st.container(horizontal=True, vertical_alignment="center", key="house"):
        with st.popover("Import", icon=":material/upload:"):
            _import()
        if trashed:
            with st.popover(f"Trash ({len(trashed)})", icon=":material/delete:"):
                _trash(trashed, in_trash)
        with st.popover(f"{size(used)} of {size(store.limit)}", icon=":material/hard_drive:", type="tertiary"):
            _limit(in_trash)
    if used > store.limit:
        st.warning(
            f"The runs take {size(used)}, more than their limit of {size(store.limit)}: no new run can start. "
            "Delete runs and empty the trash, or raise the limit.",
            icon=":material/hard_drive:",
        )


def damaged(found: Mapping[str, str]) -> None:
    """A line on folders that are no runs any more, by id with the reason; nothing where there are none."""
    if found:
        names = ", ".join(sorted(found)[:_NAMED]) + (", ..." if len(found) > _NAMED else "")
        st.caption(f":material/warning: Not in the list, for it cannot be read: {plain(names)}", help=why(found))


def why(found: Mapping[str, str]) -> str:
    """What is wrong with the first few, and what now."""
    reasons = " ".join(f"{reason.rstrip('.')}." for _, reason in sorted(found.items())[:_NAMED])
    return f"{plain(reasons)} All its files are still there: put back its config.json, or delete the folder."


@st.cache_data(ttl=60, show_spinner=False)
def _taken(root: Path, known: int) -> int:
    """Bytes of all that counts against the limit; read anew at once when what is `known` of runs has changed."""
    return RunStore(root).bytes


def _import() -> None:
    """A place to drop an exported run."""
    turn = st.session_state.setdefault("imports", 0)
    st.caption("It is checked before it is unpacked: JSON, tables, pictures and safetensors of one run, nothing else.")
    file = st.file_uploader("A run exported as a zip", type="zip", key=f"import-{turn}")
    if file is None:
        return
    try:
        with st.spinner("Checking and unpacking"):
            run = unpack(file, pool().store)
        selection.choose(run.id)
        actions.forget_undo()
    except RunError as error:
        actions.complain(str(error))
    st.session_state.imports += 1  # an empty field again
    st.rerun()


def _trash(trashed: list[RunSummary], in_trash: int) -> None:
    st.caption(f"{size(in_trash)}. Restore a run, or delete all of them, and deleted comparisons with them, for good.")
    for run in trashed:
        with st.container(horizontal=True, vertical_alignment="center", key=f"trashed-{run.id}"):
            st.button(
                "Restore", icon=":material/undo:", key=f"restore-{run.id}", on_click=actions.restore, args=(run.id,)
            )
            st.text(f"{run.name} · {size(run.bytes)} · {ago(time.time() - run.modified)}")
    if st.button("Empty the trash", icon=":material/delete_forever:", key="empty"):
        st.session_state[_SURE] = True
    if st.session_state.get(_SURE):
        st.button(f"Yes, delete {len(trashed)} for good", type="primary", key="empty-sure", on_click=_empty)


def _empty() -> None:
    st.session_state.pop(_SURE, None)
    actions.forget_undo()
    try:
        pool().store.empty_trash()
    except RunError as error:
        actions.complain(str(error))


def _limit(in_trash: int) -> None:
    st.caption(f"At the limit no new run starts; nothing is ever deleted by itself. The trash holds {size(in_trash)}.")
    st.number_input(
        "Limit in GB",
        _LEAST,
        _MOST,
        min(max(pool().store.limit / 1e9, _LEAST), _MOST),
        1.0,
        key="limit",
        on_change=_set_limit,
        format="%g",
    )


def _set_limit() -> None:
    try:
        pool().store.limit = round(st.session_state.limit * 1e9)
    except OSError as error:
        actions.complain(f"Cannot keep the limit: {error.strerror}")

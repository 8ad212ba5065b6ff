"""The bar of the library: import, trash and disk space."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from gan_core.runs import RunError, RunStore, RunSummary, unpack
from ui.formatting import ago, plain, size
from ui.runs import actions, selection
from ui.server import pool

_CONFIRM_EMPTY = "sure to empty"
_MIN_LIMIT, _MAX_LIMIT = 0.001, 100_000.0  # GB
_MAX_NAMED = 3  # damaged folders


def bar(runs: list[RunSummary]) -> None:
    """Buttons for import, trash and the size limit."""
    store = pool().store
    trashed, in_trash = store.trashed(), store.trash_bytes
    used = _used_bytes(store.root, sum(run.bytes for run in runs) + in_trash)
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


def damaged(reasons: Mapping[str, str]) -> None:
    """A line that names damaged runs, given by id with the reason; nothing if there are none."""
    if reasons:
        names = ", ".join(sorted(reasons)[:_MAX_NAMED]) + (", ..." if len(reasons) > _MAX_NAMED else "")
        st.caption(f":material/warning: Not in the list, for it cannot be read: {plain(names)}", help=explain(reasons))


def explain(reasons: Mapping[str, str]) -> str:
    """The reasons of the first few damaged runs, and what the user can do."""
    text = " ".join(f"{reason.rstrip('.')}." for _, reason in sorted(reasons.items())[:_MAX_NAMED])
    return f"{plain(text)} All its files are still there: put back its config.json, or delete the folder."


@st.cache_data(ttl=60, show_spinner=False)
def _used_bytes(root: Path, known: int) -> int:
    """Bytes that count against the limit; read again after 60 seconds, or when the bytes of the `known` runs change."""
    return RunStore(root).bytes


def _import() -> None:
    count = st.session_state.setdefault("imports", 0)
    st.caption("It is checked before it is unpacked: JSON, tables, pictures and safetensors of one run, nothing else.")
    file = st.file_uploader("A run exported as a zip", type="zip", key=f"import-{count}")
    if file is None:
        return
    try:
        with st.spinner("Checking and unpacking"):
            run = unpack(file, pool().store)
        selection.choose(run.id)
        actions.forget_undo()
    except RunError as error:
        actions.show_error(str(error))
    st.session_state.imports += 1  # a new key empties the field
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
        st.session_state[_CONFIRM_EMPTY] = True
    if st.session_state.get(_CONFIRM_EMPTY):
        st.button(f"Yes, delete {len(trashed)} for good", type="primary", key="empty-sure", on_click=_empty)


def _empty() -> None:
    st.session_state.pop(_CONFIRM_EMPTY, None)
    actions.forget_undo()
    try:
        pool().store.empty_trash()
    except RunError as error:
        actions.show_error(str(error))


def _limit(in_trash: int) -> None:
    st.caption(f"At the limit no new run starts; nothing is ever deleted by itself. The trash holds {size(in_trash)}.")
    st.number_input(
        "Limit in GB",
        _MIN_LIMIT,
        _MAX_LIMIT,
        min(max(pool().store.limit / 1e9, _MIN_LIMIT), _MAX_LIMIT),
        1.0,
        key="limit",
        on_change=_set_limit,
        format="%g",
    )


def _set_limit() -> None:
    try:
        pool().store.limit = round(st.session_state.limit * 1e9)
    except OSError as error:
        actions.show_error(f"Cannot keep the limit: {error.strerror}")

"""The bar of the library: import, trash and disk space."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import streamlit as st

from gan_core.runs import RunError, RunStore, RunSummary, unpack
from gan_core.runs.store import TRASH
from gan_core.runs.uploads import Upload, UploadError, UploadStore
from gan_core.system.formatting import printable
from ui.formatting import ago, count, plain, size
from ui.runs import actions, selection
from ui.server import pool

_CONFIRM_EMPTY = "sure to empty"
_MIN_LIMIT, _MAX_LIMIT = 0.001, 100_000.0  # GB


def bar(runs: list[RunSummary]) -> None:
    """Buttons for import, trash and the size limit."""
    store = pool().store
    (whole, damaged), in_trash = store.scan(TRASH), store.trash_bytes
    trashed = {run.id: f"{run.name} · {size(run.bytes)} · {ago(time.time() - run.modified)}" for run in whole}
    trashed |= {name: f"{printable(name)} · damaged" for name in damaged}
    pictures = UploadStore(store).trashed()
    used = _used_bytes(store.root, sum(run.bytes for run in runs) + in_trash)
    with st.container(horizontal=True, vertical_alignment="center", key="house"):
        with st.popover("Import", icon=":material/upload:"):
            _import()
        if trashed or pictures:
            with st.popover(f"Trash ({len(trashed) + len(pictures)})", icon=":material/delete:"):
                _trash(trashed, pictures, in_trash)
        with st.popover(f"{size(used)} of {size(store.limit)}", icon=":material/hard_drive:", type="tertiary"):
            _limit(in_trash)
    if used > store.limit:
        st.warning(
            f"The runs take {size(used)}, more than their limit of {size(store.limit)}: no new run can start. "
            "Delete runs and empty the trash, or raise the limit.",
            icon=":material/hard_drive:",
        )


def damaged(reasons: Mapping[str, str]) -> None:
    """The damaged runs, given by the names of their folders with the reasons, each with a button that deletes it."""
    if reasons:
        st.markdown(f":material/warning: **{'A run' if len(reasons) == 1 else f'{len(reasons)} runs'} cannot be read**")
    for name, reason in sorted(reasons.items()):
        st.caption(explain(reason))
        st.button(
            f"Delete {plain(printable(name))}",
            icon=":material/delete:",
            type="tertiary",
            key=f"delete-damaged-{name!a}",
            on_click=actions.delete,
            args=(name, printable(name)),
            help="Into the trash",
        )


def explain(reason: str) -> str:
    """Why a run is damaged, and what the user can do."""
    return f"{plain(reason.rstrip('.'))}. All its files are still there: repair the named file, or delete the run."


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


def _trash(trashed: Mapping[str, str], pictures: Sequence[Upload], in_trash: int) -> None:
    """The runs in the trash, described by the names of their folders, and the uploaded pictures."""
    st.caption(f"{size(in_trash)}. Restore something, or delete all of it, and deleted comparisons with it, for good.")
    for name, text in trashed.items():
        key = ascii(name)
        with st.container(horizontal=True, vertical_alignment="center", key=f"trashed-{key}"):
            st.button("Restore", icon=":material/undo:", key=f"restore-{key}", on_click=actions.restore, args=(name,))
            st.text(text)
    for upload in pictures:
        key = ascii(upload.name)
        with st.container(horizontal=True, vertical_alignment="center", key=f"trashed-pictures-{key}"):
            restore = partial(_restore_pictures, upload.name)
            st.button("Restore", icon=":material/undo:", key=f"restore-pictures-{key}", on_click=restore)
            st.text(f"{upload.name} · {count(upload.files, 'files')} · {size(upload.bytes)}")
    if st.button("Empty the trash", icon=":material/delete_forever:", key="empty"):
        st.session_state[_CONFIRM_EMPTY] = True
    if st.session_state.get(_CONFIRM_EMPTY):
        st.button(
            f"Yes, delete {len(trashed) + len(pictures)} for good", type="primary", key="empty-sure", on_click=_empty
        )


def _restore_pictures(name: str) -> None:
    try:
        UploadStore(pool().store).restore(name)
    except UploadError as error:
        actions.show_error(str(error))


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

"""People's own pictures: dropped on the page or chosen from earlier uploads, and what will be trained on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.schema import ConfigError
from gan_core.presets.follow_ups import apply_changes
from gan_core.runs.uploads import Upload, UploadError, UploadStore
from ui import messages
from ui.components.drop_zone import Dropped, drop_zone
from ui.formatting import ago, count, plain, size
from ui.server import pool
from ui.train import state
from ui.widgets import undo_bar

PRESET = "own-pictures"  # the recipe for people's own pictures
_UNDO, _REFUSED, _NEW = "pictures to undo", "files that were not sent", "path of pictures just chosen"


def store() -> UploadStore:
    return UploadStore(pool().store)


def begin() -> None:
    """Edit an experiment on the person's own pictures, which are still to be chosen."""
    draft = state.draft()
    if draft.dataset.needs == "files":
        state.edit(apply_changes(draft, {"data.path": "", "condition.name": "none"})[0])
    else:
        state.edit(presets.load(PRESET))


def are_missing(config: TrainConfig) -> bool:
    """Whether the config trains on a person's own pictures, and none are chosen yet."""
    return config.dataset.needs == "files" and not config.data.path


def only_pictures_differ(config: TrainConfig) -> bool:
    """Whether the config is a preset for a person's own pictures, with theirs chosen."""
    preset = presets.load(config.preset)
    changes = config.changes_from(preset)
    return preset.dataset.needs == "files" and all(key.startswith("data.") and key != "data.name" for key in changes)


def is_new(config: TrainConfig) -> bool:
    """Whether the pictures have been chosen since the last call, so that settings may be fitted to them."""
    return bool(st.session_state.pop(_NEW, "") == config.data.path)


def refused(config: TrainConfig) -> Mapping[str, list[str]]:
    """The files that were dropped with the pictures and not kept, by reason."""
    path, files = st.session_state.get(_REFUSED, ("", {}))
    return files if path == config.data.path else {}


def change(values: Mapping[str, Any]) -> None:
    """Change settings of the draft. The depth of the networks follows the side of the pictures.

    The whole page is drawn again, because the form and the URL show the settings too.
    """
    session, draft = state.watched(), state.draft()
    if session is not None and session.snapshot().live:
        return  # the browser reports the value of a widget again when a click on Start has removed it
    try:
        fitted = presets.fit_to_side(draft, int(values["data.size"])) if "data.size" in values else draft
        state.edit(apply_changes(fitted, values)[0])
    except ConfigError as error:
        messages.show_error(f"{error}. Nothing was changed.")
    st.session_state.redrawn = True


def picker() -> None:
    """The place to drop pictures, the earlier uploads, and a path on this machine."""
    drop_zone("drop", _finish, store().discard)
    if _UNDO in st.session_state:
        name, trashed = st.session_state[_UNDO]
        undo_bar(name, _restore, trashed)
    uploads = store().list()
    if uploads:
        st.caption("Pictures from before")
    for upload in uploads:
        _row(upload)
    with st.popover("A folder on this machine", icon=":material/folder_open:", type="tertiary"):
        st.text_input(
            "Folder or zip file",
            placeholder="/home/me/pictures",
            key="own path",
            on_change=_use_path,
        )


def _use_path() -> None:
    path: str = st.session_state["own path"]
    if path.strip():
        _choose(path.strip())


def _choose(path: str) -> None:
    st.session_state[_NEW] = path
    change({"data.path": path})


def _row(upload: Upload) -> None:
    told = f"{count(upload.files, 'files')} · {size(upload.bytes)} · {ago(time.time() - upload.created)}"
    with st.container(horizontal=True, vertical_alignment="center", key=f"upload-{upload.name!a}"):
        st.button(
            f"**{plain(upload.name)}** · {plain(told)}",
            icon=":material/photo_library:",
            key=f"use-{upload.name!a}",
            on_click=_choose,
            args=(str(upload.path.absolute()),),
        )
        with st.popover("Delete", icon=":material/delete:", type="tertiary", key=f"icon-{upload.name!a}"):
            runs = store().runs_of(upload)
            needed = f" {plain(count(len(runs), 'runs'))} trained on them: they keep their samples, but cannot go on."
            st.markdown(f"Delete {plain(count(upload.files, 'files'))}?{needed if runs else ''}")
            st.button(
                f"Delete {plain(upload.name)}",
                type="primary",
                key=f"delete-{upload.name!a}",
                on_click=_delete,
                args=(upload,),
            )


def _finish(dropped: Dropped) -> None:
    try:
        upload = store().finish(dropped.draft, dropped.name)
    except UploadError as error:
        messages.show_error(str(error))
        return
    path = str(upload.path.absolute())
    st.session_state[_REFUSED] = (path, dropped.refused)
    st.session_state.pop(_UNDO, None)
    _choose(path)


def _delete(upload: Upload) -> None:
    try:
        st.session_state[_UNDO] = (upload.name, store().trash(upload.name))
    except UploadError as error:
        messages.show_error(str(error))
    st.session_state.redrawn = True


def _restore(trashed: str) -> None:
    st.session_state.pop(_UNDO, None)
    try:
        store().restore(trashed)
    except UploadError as error:
        messages.show_error(str(error))
    st.session_state.redrawn = True

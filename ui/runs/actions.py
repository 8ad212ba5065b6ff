"""The actions on a run: resume, fork, reuse settings, explore, compare, take along, delete."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import streamlit as st

from gan_core.config import SETTINGS, ConfigError
from gan_core.config.schema import as_text
from gan_core.runs import RunError, RunSummary, extension, shipped
from ui import shell, take_along
from ui.formatting import plain
from ui.runs import run_list, selection
from ui.server import pool
from ui.train import state
from ui.train.form import label
from ui.widgets import undo_bar

_MAX_STEPS = int(SETTINGS["max_steps"].bounds["le"])
_UNDO, _ERROR = "run to undo", "trouble with runs"
_FIXED = ("preset", "seed", "data.", "optimizer_g.name", "optimizer_d.name", "record.samples")  # by a checkpoint


def bar(run: RunSummary, runs: list[RunSummary]) -> None:
    """One row of buttons, without those that do not apply to this run."""
    key = pool().training(run.id)
    editable = not shipped.is_shipped(run.id)
    trainable = run_list.store_of(run.id).open(run.id).trainable() if editable else []
    with st.container(horizontal=True, vertical_alignment="bottom", key="run-actions"):
        if key is not None:
            if st.button("Watch", icon=":material/visibility:", type="primary", help="It trains now"):
                _train(key)
        elif trainable:
            _resume(run)
        if trainable:
            with st.popover("Fork", icon=":material/fork_right:"):
                _fork(run, trainable)
        if st.button("Use settings", icon=":material/tune:", help="Open these settings in Train, as a new experiment"):
            state.edit(run.config)
            st.switch_page(shell.path("train"))
        if shell.has("latent") and run.checkpoints:
            st.page_link(shell.path("latent"), label="Latent", icon=":material/explore:", query_params={"run": run.id})
        if shell.has("compare") and len(runs) > 1:
            with st.popover("Compare", icon=":material/compare_arrows:"):
                _compare(run, runs)
        take_along.panel("runs", lambda: _moment(run))
        if editable and key is None:
            st.button(
                "Delete", icon=":material/delete:", on_click=delete, args=(run.id, run.name), help="Into the trash"
            )


def notices() -> None:
    """The error message of the last action, and a button that undoes a deletion."""
    if message := st.session_state.pop(_ERROR, ""):
        st.error(plain(message), icon=":material/error:")
    if _UNDO in st.session_state:
        run_id, name = st.session_state[_UNDO]
        undo_bar(name, restore, run_id)


def show_error(text: str) -> None:
    """Show an error message at the top of the page."""
    st.session_state[_ERROR] = text


def restore(run_id: str) -> None:
    """Restore a run from the trash, and select it."""
    st.session_state.pop(_UNDO, None)
    try:
        pool().store.restore(run_id)
        selection.choose(run_id)
    except RunError as error:
        show_error(str(error))


def delete(run_id: str, name: str) -> None:
    """Move a run, damaged or not, to the trash, and offer to undo it."""
    try:
        pool().store.trash(run_id)
        st.session_state[_UNDO] = (run_id, name)
        selection.choose(None)
    except RunError as error:
        show_error(str(error))


def forget_undo() -> None:
    st.session_state.pop(_UNDO, None)


# ---- single actions --------------------------------------------------------------------------------------------------


def _resume(run: RunSummary) -> None:
    if run.status != "finished":
        if st.button("Resume", icon=":material/resume:", type="primary", help="Go on from the last whole checkpoint"):
            _try(lambda: pool().open(pool().store.open(run.id).config, run_id=run.id))
        return
    with st.popover("Train on", icon=":material/resume:", type="primary"):
        steps = st.number_input("Steps more", 1, _MAX_STEPS, min(max(1, run.step), _MAX_STEPS), key=f"more-{run.id}")
        _say_jump(run, run.checkpoints[-1], run.step + int(steps))
        if st.button("Go on", icon=":material/play_arrow:", type="primary", key=f"go-on-{run.id}"):
            _try(lambda: pool().extend(run.id, int(steps)))


def _say_jump(run: RunSummary, step: int, max_steps: int) -> None:
    """Say before training goes on from `step` which values another length of the run changes."""
    with suppress(ConfigError):  # too many steps, which the button will say
        longer = run.config.with_values({"max_steps": max_steps})
        if text := extension.jump(pool().store.open(run.id), step, longer):
            st.caption(f":material/info: The run becomes longer, which changes: {plain(text)}.")


def _fork(run: RunSummary, trainable: list[int]) -> None:
    """The form of a new run that continues from a checkpoint of this one under other settings."""
    st.caption("A new run goes on from a checkpoint; this one stays as it is.")
    step = trainable[-1]
    if len(trainable) > 1:
        step = st.select_slider(
            "From step",
            trainable,
            _nearest(trainable, selection.step()),
            format_func=lambda step: f"{step:,}",
        )
    changeable = [key for key in SETTINGS if not key.startswith(_FIXED)]
    keys = st.multiselect("Settings to change", changeable, format_func=lambda key: f"{label(key)} ({key})")
    values: dict[str, Any] = {
        key: st.text_input(label(key), as_text(run.config.value(key)), key=f"fork-{run.id}-{key}") for key in keys
    }
    name = st.text_input("Name", placeholder="optional", max_chars=80, key=f"fork-name-{run.id}")
    if run.status == "finished" and "max_steps" not in values:
        values["max_steps"] = 2 * run.step  # the child of a finished run needs more steps
        _say_jump(run, step, 2 * run.step)
    if st.button("Fork and train", icon=":material/fork_right:", type="primary"):
        _try(lambda: pool().fork(run.id, step, values, name or None))


def _nearest(checkpoints: list[int], step: int | None) -> int:
    return checkpoints[-1] if step is None else min(checkpoints, key=lambda kept: abs(kept - step))


def _compare(run: RunSummary, runs: list[RunSummary]) -> None:
    names = {other.id: run_list.name(other) for other in runs if other.id != run.id}
    others = st.multiselect("With", list(names), format_func=names.__getitem__, placeholder="Choose runs")
    if others:
        query = {"runs": ",".join((run.id, *others))}
        st.page_link(shell.path("compare"), label="Compare them", icon=":material/compare_arrows:", query_params=query)


def _moment(run: RunSummary) -> take_along.Moment:
    """The run at the step of the time line, to take it along."""
    folder = run_list.store_of(run.id).open(run.id)
    frames = folder.frames()
    if not frames:
        return take_along.Moment(run.config, folder)
    chosen = selection.step()
    step = chosen if chosen is not None and chosen in frames else frames[-1]
    return take_along.Moment(run.config, folder, step, partial(folder.frame, step))


def _try(open_session: Callable[[], str]) -> None:
    """Open a session, start it and show it on the Train page; or show why that failed."""
    try:
        _train(open_session())
    except (ConfigError, RunError) as error:
        show_error(f"{error}. Nothing was started." if isinstance(error, ConfigError) else str(error))
        st.rerun()


def _train(key: str) -> None:
    session = pool().get(key)
    if session is not None and session.snapshot().status == "ready":
        session.start()
    state.open_page()
    state.watch(key)
    st.switch_page(shell.path("train"))

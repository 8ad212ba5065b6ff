"""The buttons at the top of Home: the first run, and the newest run of the library. Torch is loaded by a click."""

from __future__ import annotations

import time

import streamlit as st

from gan_core import presets
from ui import messages, shell
from ui.formatting import ago, plain

PRESET = "projection-mnist"  # digits can be read sooner than with any other preset, a column for each


def buttons() -> None:
    """Start the first run, or open an experiment on a person's own pictures."""
    if st.button("Train on handwritten digits", icon=":material/play_arrow:", type="primary", shortcut="S"):
        with st.spinner("Starting"):
            _start()
        st.switch_page(shell.path("train"))
    if st.button("Use your own pictures", icon=":material/add_photo_alternate:", type="tertiary"):
        _choose_pictures()
        st.switch_page(shell.path("train"))


def continue_button() -> None:
    """The newest run of the library that no comparison has trained: watch it while it trains, or open it."""
    from ui.runs import run_list, selection
    from ui.server import pool
    from ui.train import state

    runs = pool().store.list()
    compared = run_list.comparisons(runs)
    run = next((run for run in runs if run.id not in compared), None)
    if run is None:
        return
    name = run.name if run.name != run.id else run_list.title(run)
    key = pool().training(run.id)
    since = "in training" if key else ago(time.time() - run.modified)
    if st.button(f"Continue: {plain(name)}, {since}", icon=":material/history:", key="continue"):
        if key:
            state.watch(key)
        else:
            selection.choose(run.id)
        st.switch_page(shell.path("train" if key else "runs"))


def _start() -> None:
    """Train the preset, or watch the session that trains it already. Other sessions go on."""
    shell.load()
    from ui.server import pool
    from ui.train import controls, state

    config = presets.load(PRESET)
    for key, session in pool().live().items():
        now = session.snapshot()
        if not config.fixed_changes_from(now.config):
            state.watch(key)
            messages.show_note(f"This run had been started before. It is {now.status}.")
            return
    state.edit(config)
    controls.begin()


def _choose_pictures() -> None:
    shell.load()
    from ui.train import own_pictures, state

    state.open_page()
    own_pictures.begin()

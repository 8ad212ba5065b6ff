"""Latent: look around in what a generator has learned, shipped, saved or still in training."""

import streamlit as st

from ui import shell

shell.ensure_navigation()

from gan_core.latent import Model  # noqa: E402  (the shell stands before torch, which these need, has loaded)
from gan_core.runs import RunError  # noqa: E402
from ui import refresh  # noqa: E402
from ui.latent import main_picture, model_picker, panels, sources, state  # noqa: E402
from ui.server import settle  # noqa: E402


def show(source: sources.Source, model: Model) -> None:
    """The picture with its sliders, and beside it the chosen panel."""
    settle("latent")
    live = state.tab().moment == sources.NOW
    every = refresh.interval(0.5) if live else None  # seconds between two looks at the session

    @st.fragment(key=state.STAGE, run_every=every)
    def show_stage() -> None:
        """With a running session the picture moves as it learns."""
        if live and not source.live:
            st.rerun()  # training has ended: its last checkpoint is shown from now on
        if live:
            refresh.keep(0.5)
        here = state.tab()
        try:
            main_picture.show(source, source.model(sources.NOW, here.raw, held=here.dragging) if live else model)
        except RunError as error:
            st.error(str(error), icon=":material/error:")
        if not here.dragging:
            state.write_url()

    @st.fragment(key=state.PANEL)
    def show_panel() -> None:
        """It follows the picture once a slider rests."""
        seen = source.model(sources.NOW, state.tab().raw, held=True) if live else model
        if live:
            st.caption(f"Of the model at step {seen.step:,}; it is looked at anew with each click here or on a slider.")
        panels.show(source, seen)

    show_stage()
    show_panel()


state.read_url()
found = sources.all_sources()
source = state.open_source(found)
if source is None:
    st.info("There is no model to look at yet: train one, and it is here from its first step.", icon=":material/info:")
    st.page_link("pages/train.py", label="Train", icon=":material/play_circle:")
else:
    trouble, model = "", None
    try:
        model = state.open_model(source)
    except RunError as error:
        trouble = str(error)
    model_picker.model(found, source)
    with shell.notices():
        for text in filter(None, (state.told(), trouble)):
            st.error(text, icon=":material/error:")
    if model is not None:
        show(source, model)

"""Latent: explore what a generator has learned, whether shipped, saved or in training."""

from dataclasses import replace

import streamlit as st

from ui import shell

shell.ensure_navigation()

from gan_core.latent import Model  # noqa: E402  (the navigation appears before torch, which these need, has loaded)
from gan_core.runs import RunError  # noqa: E402
from ui import refresh  # noqa: E402
from ui.formatting import plain  # noqa: E402
from ui.latent import main_picture, model_picker, panels, sources, state  # noqa: E402
from ui.latent.view import NOW  # noqa: E402
from ui.server import freeze_loaded_objects  # noqa: E402


def show(source: sources.Source, model: Model, live: bool) -> None:
    """The main picture with its sliders, and the chosen panel below it."""
    freeze_loaded_objects("latent")
    every = refresh.interval(0.5) if live else None  # seconds

    @st.fragment(key=state.MAIN, run_every=every)
    def show_main() -> None:
        """Follows a session in training."""
        if live and not source.live:
            st.rerun()  # training has ended: the page shows the last checkpoint from now on
        if live:
            refresh.update_interval(0.5)
        view, shown = state.read(), model
        try:
            if live:
                view, shown = sources.load(view, source, reuse=view.dragging)
                state.write(view)
            main_picture.panel(view, source, shown)
        except RunError as error:
            st.error(plain(str(error)), icon=":material/error:")
        if not view.dragging:
            state.write_url(view)

    @st.fragment(key=state.PANEL)
    def show_panel() -> None:
        """Follows the main picture once a slider rests."""
        view, shown = state.read(), model
        if live:
            view, shown = sources.load(view, source, reuse=True)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.caption(f"Shows step {shown.step:,}.", width="content")
                st.button("Refresh", icon=":material/refresh:", type="tertiary", help="Show the newest step")
        panels.panel(view, source, shown)
        state.write_url(view)

    show_main()
    show_panel()


view = state.read_url()
found = sources.all_sources()
view, source = sources.choose(view, found)
if source is None:
    st.info("There is no model to look at yet: train one, and it is here from its first step.", icon=":material/info:")
    st.page_link("pages/train.py", label="Train", icon=":material/play_circle:")
else:
    model, failure = None, ""
    try:
        view, model = sources.load(view, source)
        view = panels.fit_to(view.fit_to(model), model)
    except RunError as error:
        failure = str(error)
    state.write(replace(view, trouble=""))
    model_picker.panel(view, source, found)
    with shell.notices():
        for text in filter(None, (view.trouble, failure)):
            st.error(plain(text), icon=":material/error:")
    if model is not None:
        show(source, model, live=view.moment == NOW)

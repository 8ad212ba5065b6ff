"""Inversion: a search, shown while it runs, for the latent whose sample comes nearest to a given picture."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from gan_core import data, latent
from gan_core.latent import Model
from ui.components import draw_pad, sample_grid
from ui.formatting import plain, short
from ui.latent import state
from ui.latent.controls import choice
from ui.latent.drawn_digit import to_digit
from ui.latent.sources import Source
from ui.latent.view import LatentView, Search

_SLICE = 0.25  # seconds of search between two updates of the screen; clicks are handled in between
_PAUSE = 0.1  # seconds from one slice to the next
_REAL_EXAMPLES = 24
_REAL, _UPLOAD, _DRAW = "A real one", "Upload", "Draw"


def panel(view: LatentView, source: Source, model: Model) -> None:
    """The choice of the target on the left; the search on the right."""
    ways = [_REAL, _UPLOAD] + ([_DRAW] if model.config.shape[0] == 1 else [])
    left, right = st.columns([6, 5], gap="medium")
    with left:
        way = choice("Search for", ways, f"invert.way.{len(ways)}")
        {_REAL: _real, _UPLOAD: _upload, _DRAW: _draw}[way](source, model)
    search = view.search
    if search is not None and not _is_of(search, source, model):
        search = None
        state.write(replace(view, search=None))
    with right:
        if search is None:
            st.caption(
                "The search starts with a few hundred random latents and moves the best of them by gradient descent."
            )
        else:
            st.fragment(_progress, run_every=None if search.found.done else _PAUSE)()


def _begin(view: LatentView, source: Source, model: Model, target: Tensor) -> LatentView:
    """The view with a search for this picture (C, H, W) in [0, 1]; an earlier search ends."""
    steps = latent.invert(model, target, label=view.point.label)
    return replace(view, search=Search(source.id, model, steps, next(steps)))


def _is_of(search: Search, source: Source, model: Model) -> bool:
    """Whether the search is for this model. The models of a running session count as one: they change slowly."""
    same = (search.model.step, search.model.weights) == (model.step, model.weights)
    return search.source == source.id and (source.live or same)


def _progress() -> None:
    """A slice of the search and its best result so far, in a fragment of its own that runs until the search ends."""
    view = state.read()
    if view.search is None:
        st.rerun()
    found, deadline = view.search.found, time.monotonic() + _SLICE
    working = not found.done
    while not found.done and time.monotonic() < deadline:
        found = next(view.search.steps)
    state.write(replace(view, search=replace(view.search, found=found)))
    stage = "**Found**" if found.done else f"Step {found.step:,} of {found.steps:,}"
    st.progress(found.step / found.steps, text=f"{stage} · mean squared difference of pixels {short(found.error)}")
    sample_grid(
        np.stack((found.target, found.picture)),
        "inversion",
        columns=2,
        label="sought and found",
        names=["sought", "found"],
        largest=224,
    )
    st.caption("Left: sought. Right: the best so far.")
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Take it",
            icon=":material/north_west:",
            type="primary",
            key="take-inversion",
            on_click=state.change(lambda view: view.at_latent(found.z)),
            help="Make it the current picture",
        )
        label, icon = ("Close", None) if found.done else ("Stop", ":material/stop:")
        stop = state.change_panel(lambda view: replace(view, search=None))
        st.button(label, icon=icon, key=f"{label}-inversion", on_click=stop)
    if working and found.done:
        st.rerun()


def _real(source: Source, model: Model) -> None:
    """Real examples; a click starts a search for one."""
    try:
        with st.spinner(f"Loading {plain(model.config.dataset.label)}"):
            examples = data.load(model.config, download=False).examples[:_REAL_EXAMPLES]
    except data.DataError as error:
        st.error(f"The real data cannot be loaded: {plain(str(error))}", icon=":material/error:")
        return
    st.caption("Click a real picture to search for its latent")
    sample_grid(
        examples.permute(0, 2, 3, 1).numpy(),
        "invert-real",
        columns=8,
        label="real examples to search for",
        smallest=40,
        largest=64,
        on_pick=state.change_panel(lambda view, i: _begin(view, source, model, examples[i].float() / 255)),
    )


def _upload(source: Source, model: Model) -> None:
    _, height, width = model.config.shape
    file = st.file_uploader(
        "Picture",
        key="invert.file",
        label_visibility="collapsed",
        help=f"Its middle is cut out and resized to {width:,} x {height:,}",
        max_upload_size=50,
    )
    if file is None:
        return
    try:
        target = latent.prepare(file.getvalue(), model.config)
    except ValueError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    _search_button(source, model, target)


def _draw(source: Source, model: Model) -> None:
    """A pad; the drawing is centred and scaled as MNIST's digits are."""
    points = draw_pad("invert-pad", limit=1500, ruler=False)
    digit = torch.from_numpy(to_digit(points, model.config.shape[1])).float()[None] / 255 if points else None
    _search_button(source, model, digit)


def _search_button(source: Source, model: Model, target: Tensor | None) -> None:
    st.button(
        "Search for it",
        icon=":material/search:",
        type="primary",
        disabled=target is None,
        on_click=state.change_panel(lambda view: view if target is None else _begin(view, source, model, target)),
    )

"""Inversion: the latent whose picture comes nearest to one from outside, searched for while one watches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from gan_core import data, latent
from gan_core.latent import Inversion, Model
from ui.components import draw_pad, sample_grid
from ui.latent import state
from ui.latent.drawn_digit import to_digit
from ui.latent.sources import Source
from ui.latent.state import PANEL, then

_SLICE = 0.25  # seconds of search between two pictures of it: a click is answered in between
_PACE = 0.1  # seconds from one slice to the next
_OFFERED = 24  # real examples to choose from
_REAL, _UPLOAD, _DRAW = "A real one", "Upload", "Draw"
_SEARCH = "latent.search"


@dataclass(frozen=True, eq=False)
class _Search:
    """A search, as far as it has come."""

    source: str  # id
    model: Model
    steps: Iterator[Inversion]
    found: Inversion


def panel(source: Source, model: Model) -> None:
    """What to search for on the left; the search on the right."""
    ways = [_REAL, _UPLOAD] + ([_DRAW] if model.config.shape[0] == 1 else [])
    left, right = st.columns([6, 5], gap="medium")
    with left:
        way = st.segmented_control(
            "Search for",
            ways,
            default=_REAL,
            required=True,
            key=f"invert.way.{len(ways)}",
            label_visibility="collapsed",
        )
        {_REAL: _real, _UPLOAD: _upload, _DRAW: _draw}[str(way)](source, model)
    with right:
        kept = _running()
        if kept is not None and not _is_of(kept, source, model):
            _stop()
        _watch()


def _begin(source: Source, model: Model, target: Tensor) -> None:
    """Search for this picture, (C, H, W) in [0, 1], in latent_point of any before."""
    search = latent.invert(model, target, label=state.latent_point().label)
    st.session_state[_SEARCH] = _Search(source.id, model, search, next(search))


def _running() -> _Search | None:
    kept: _Search | None = st.session_state.get(_SEARCH)
    return kept


def _is_of(kept: _Search, source: Source, model: Model) -> bool:
    """Whether the search is this model's; a session that trains has another one every moment, much like the last."""
    same = kept.model.step, kept.model.weights
    return kept.source == source.id and (source.live or same == (model.step, model.weights))


def _stop() -> None:
    st.session_state.pop(_SEARCH, None)


def _watch() -> None:
    """The search, as a fragment of its own: it alone is redrawn while it runs."""
    kept = _running()
    if kept is None:
        st.caption(
            "The search starts with a few hundred random latents and moves the best of them by gradient descent."
        )
        return
    st.fragment(_step, run_every=None if kept.found.done else _PACE)()


def _step() -> None:
    """A slice of the search, and how far it has come."""
    kept = _running()
    if kept is None:
        st.rerun()
    found = kept.found
    deadline = time.monotonic() + _SLICE
    working = not found.done
    while not found.done and time.monotonic() < deadline:
        found = next(kept.steps)
    st.session_state[_SEARCH] = replace(kept, found=found)
    st.progress(found.step / found.steps, text=_told(found))
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
            on_click=then(lambda: state.take(found.z)),
            help="Make it the current picture",
        )
        if found.done:
            st.button("Close", key="close-inversion", on_click=then(_stop, PANEL))
        else:
            st.button("Stop", icon=":material/stop:", key="stop-inversion", on_click=then(_stop, PANEL))
    if working and found.done:
        st.rerun()


def _told(found: Inversion) -> str:
    if found.done:
        return f"**Found** · mean squared difference of pixels {found.error:.3g}"
    return f"Step {found.step} of {found.steps} · mean squared difference of pixels {found.error:.3g}"


def _real(source: Source, model: Model) -> None:
    """A click on one of the real examples."""
    try:
        with st.spinner(f"Loading {model.config.dataset.label}"):
            examples = data.load(model.config).examples[:_OFFERED]
    except data.DataError as error:
        st.error(f"The real data cannot be had: {error}", icon=":material/error:")
        return
    st.caption("Click a real picture to search for its latent")
    sample_grid(
        examples.permute(0, 2, 3, 1).numpy(),
        "invert-real",
        columns=8,
        label="real examples to search for",
        smallest=40,
        largest=64,
        on_pick=then(lambda i: _begin(source, model, examples[i].float() / 255), PANEL),
    )


def _upload(source: Source, model: Model) -> None:
    _, height, width = model.config.shape
    file = st.file_uploader(
        "Picture",
        key="invert.file",
        label_visibility="collapsed",
        help=f"Its middle is cut out and resized to {width} x {height}",
        max_upload_size=50,
    )
    if file is None:
        return
    try:
        target = latent.prepare(file.getvalue(), model.config)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.button(
        "Search for it",
        icon=":material/search:",
        type="primary",
        on_click=then(lambda: _begin(source, model, target), PANEL),
    )


def _draw(source: Source, model: Model) -> None:
    """A pad; what is drawn is centred and scaled as the digits of MNIST are."""
    drawn = draw_pad("invert-pad", limit=1500, ruler=False)
    st.button(
        "Search for it",
        icon=":material/search:",
        type="primary",
        disabled=not drawn,
        on_click=then(lambda: _begin(source, model, _from_pad(drawn, model)), PANEL),
    )


def _from_pad(points: tuple[tuple[float, float], ...], model: Model) -> Tensor:
    return torch.from_numpy(to_digit(points, model.config.shape[1])).float()[None] / 255

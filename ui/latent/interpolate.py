"""Interpolation: the path through 2 to 8 picked latents, as a strip, as a film and as files."""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st

from gan_core import latent
from gan_core.latent import Model
from ui.components import sample_grid
from ui.components.film import film
from ui.latent import downloads, state, thumbnails
from ui.latent.controls import choice
from ui.latent.picked_latents import picker
from ui.latent.sources import Source
from ui.latent.view import LatentView

MOST = 8  # latents of a path
_LEG = 24  # frames from one latent to the next
_FPS = 24
_STRIP = 12  # pictures of the strip
_WAYS: dict[str, Literal["spherical", "linear"]] = {"Spherical": "spherical", "Linear": "linear"}


def panel(view: LatentView, source: Source, model: Model) -> None:
    """The latents, the path between them, and its files."""
    points = picker(view, model, "points", "**Points**", MOST)
    if len(points) < 2:
        begin = state.change_panel(
            lambda view: view.with_picked("points", [latent.draw(model, 1, seed)[0] for seed in range(4)])
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"Add 2 to {MOST} pictures; the film morphs between them.", width="content")
            st.button("Begin with four seeds", on_click=begin, key="begin-points")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="path"):
        way = choice(
            "Way",
            list(_WAYS),
            "interpolate.way",
            "Spherical keeps the length that latents have; a straight line passes shorter ones, which G never saw",
        )
        loop = st.toggle("Loop", value=True, key="interpolate.loop", help="Return to the first point")
        seconds = st.slider(
            "Seconds from point to point", 0.5, 4.0, 1.0, 0.5, key="interpolate.seconds", width=220, format="%.1f s"
        )
    legs = len(points) if loop else len(points) - 1
    z = latent.path(points, legs * _LEG, _WAYS[way], loop)
    frames, fps = thumbnails.images_of(model, view.samples(model, z)), _FPS / float(seconds)
    in_strip = np.linspace(0, len(z) - 1, _STRIP).round().astype(int)
    left, right = st.columns([3, 8], gap="medium")
    with left:
        film(frames, "interpolation", fps=fps, loop=True, largest=256, label="interpolation")
    with right:
        st.caption("The way as a strip · click a picture to take its latent")
        sample_grid(
            frames[in_strip],
            "interpolation-strip",
            columns=_STRIP,
            label="pictures along the way",
            smallest=40,
            largest=96,
            on_pick=state.change(lambda view, i: view.at_latent(z[int(in_strip[i])])),
        )
        downloads.buttons(frames, frames[in_strip], fps, f"{model.config.preset}-interpolation")

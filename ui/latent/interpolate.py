"""Interpolation: the way through 2 to 8 chosen points, as a strip and as a film, to look at and to take along."""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st
import torch

from gan_core import latent
from gan_core.latent import Model
from ui.components.film import film
from ui.latent import downloads, state, thumbnails
from ui.latent.picked_latents import shelf
from ui.latent.sources import Source
from ui.latent.state import PANEL, then

MOST = 8
_LEG = 24  # frames from one point to the next
_FPS = 24
_STRIP = 12  # pictures of the strip
_WAYS: dict[str, Literal["spherical", "linear"]] = {"Spherical": "spherical", "Linear": "linear"}


def panel(source: Source, model: Model) -> None:
    """The points, the way between them, and its files."""
    points = shelf(model, "points", "**Points**", MOST)
    if len(points) < 2:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"A way needs 2 to {MOST} points: find a picture, press Add, find another.", width="content")
            st.button("Begin with four seeds", on_click=then(lambda: _begin(model), PANEL), key="begin-points")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="way"):
        way = st.segmented_control(
            "Way",
            list(_WAYS),
            default="Spherical",
            required=True,
            key="interpolate.way",
            label_visibility="collapsed",
            help="Spherical keeps the length that latents have; a straight line passes shorter ones, which G never saw",
        )
        loop = st.toggle("Loop", value=True, key="interpolate.loop", help="Return to the first point")
        seconds = st.slider(
            "Seconds from point to point", 0.5, 4.0, 1.0, 0.5, key="interpolate.seconds", width=220, format="%.1f s"
        )
    legs = len(points) if loop else len(points) - 1
    z = latent.path(points, legs * _LEG, _WAYS[str(way)], loop)
    frames = thumbnails.pictures(model, z)
    fps = _FPS / float(seconds)
    left, right = st.columns([3, 8], gap="medium")
    with left:
        film(frames, "interpolation", fps=fps, loop=True, largest=256, label="interpolation")
    with right:
        st.caption("The way as a strip · click a picture to take its latent")
        steps = np.linspace(0, len(z) - 1, _STRIP).round().astype(int)
        downloads.strip(frames[steps], "interpolation-strip", lambda i: state.take(z[int(steps[i])]))
        downloads.buttons(frames, frames[steps], fps, f"{model.config.preset}-interpolation")


def _begin(model: Model) -> None:
    drawn = [latent.draw(model, 1, seed)[0] for seed in range(4)]
    state.tab().shelves["points"][:] = list(torch.stack(drawn))

"""Memorised? The real examples nearest to the current sample, and how near real ones are to each other."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core import data, latent
from gan_core.latent import Model
from gan_core.latent.nearest_images import Neighbours
from ui.components import sample_grid
from ui.latent import rendering, thumbnails
from ui.latent.sources import Source

_NEAREST = 6
_COPY, _NEAR = 0.01, 0.05  # shares of real examples with a nearer one, below which a sample counts as such


def panel(source: Source, model: Model) -> None:
    """The sample beside its nearest real examples, with a verdict in a sentence."""
    try:
        with st.spinner(f"Comparing with {model.config.dataset.label}"):
            found = latent.neighbours(model, rendering.current(model), data.load(model.config), _NEAREST)
    except data.DataError as error:
        st.error(f"The real data cannot be had for a comparison: {error}", icon=":material/error:")
        return
    nearest, closer = float(found.distance[0, 0]), float(found.closer[0])
    st.markdown(_verdict(closer))
    left, right = st.columns([2, 9], gap="medium")
    with left:
        st.caption("Generated")
        sample_grid(
            thumbnails.of(model, rendering.current(model)), "memorised-sample", columns=1, label="sample", largest=112
        )
    with right:
        st.caption(f"Nearest real ones, in the {found.space}")
        sample_grid(
            thumbnails.of(model, found.real[0]),
            "memorised-real",
            columns=_NEAREST,
            label="nearest real examples",
            names=[f"distance {far:.3g}" for far in found.distance[0]],
            smallest=40,
            largest=112,
        )
    st.caption(_distances(found, nearest, closer))


def _verdict(closer: float) -> str:
    if closer < _COPY:
        return f":red[**Close to a copy.**] Only {closer:.1%} of real examples lie this near to another real one."
    if closer < _NEAR:
        return f":orange[**Very near.**] Only {closer:.0%} of real examples lie this near to another real one."
    return f":green[**Not a copy.**] {closer:.0%} of real examples lie nearer to another real one than this one does."


def _distances(found: Neighbours, nearest: float, closer: float) -> str:
    low, middle, high = (found.quantiles[q] for q in (0.05, 0.5, 0.95))
    all_of_them = ", ".join(f"{far:.3g}" for far in np.atleast_1d(found.distance[0]))
    return (
        f"Distances {all_of_them}. From a real example to the nearest other one it is {middle:.3g} "
        f"({low:.3g} to {high:.3g} for nine in ten), among {found.searched:,} real examples."
    )

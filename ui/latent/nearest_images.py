"""Memorised? The real examples nearest to the current sample, compared with distances between real examples."""

from __future__ import annotations

import streamlit as st

from gan_core import data, latent
from gan_core.latent import Model
from gan_core.latent.nearest_images import Neighbors
from ui.components import sample_grid
from ui.formatting import plain, short
from ui.latent import thumbnails
from ui.latent.sources import Source
from ui.latent.view import LatentView

_NEAREST = 6
_COPY, _NEAR = 0.01, 0.05  # a sample is a copy, or very near, if fewer real examples have a nearer real one


def panel(view: LatentView, source: Source, model: Model) -> None:
    """The sample beside its nearest real examples, with a verdict in a sentence."""
    sample = view.picture(model)
    try:
        with st.spinner(f"Comparing with {plain(model.config.dataset.label)}"):
            found = latent.neighbors(model, sample, data.load(model.config, download=False), _NEAREST)
    except data.DataError as error:
        st.error(f"The real data for a comparison cannot be loaded: {plain(str(error))}", icon=":material/error:")
        return
    st.markdown(verdict(float(found.closer[0])))
    left, right = st.columns([2, 9], gap="medium")
    with left:
        st.caption("Generated")
        sample_grid(thumbnails.images_of(model, sample), "memorised-sample", columns=1, label="sample", largest=112)
    with right:
        st.caption(f"Nearest real ones, in the {plain(found.space)}")
        sample_grid(
            thumbnails.images_of(model, found.real[0]),
            "memorised-real",
            columns=_NEAREST,
            label="nearest real examples",
            names=[f"distance {short(distance)}" for distance in found.distance[0]],
            smallest=40,
            largest=112,
        )
    st.caption(_distances(found))


def verdict(closer: float) -> str:
    """A sentence in Markdown: is a sample a copy, if a share `closer` of real examples have a nearer real one?"""
    if closer < _COPY:
        return f":red[**Close to a copy.**] Only {closer:.1%} of real examples lie this near to another real one."
    if closer < _NEAR:
        return f":orange[**Very near.**] Only {closer:.0%} of real examples lie this near to another real one."
    return f":green[**Not a copy.**] {closer:.0%} of real examples lie nearer to another real one than this one does."


def _distances(found: Neighbors) -> str:
    low, middle, high = (found.quantiles[q] for q in (0.05, 0.5, 0.95))
    return (
        f"Distances {', '.join(short(distance) for distance in found.distance[0])}. From a real example to the "
        f"nearest other one it is {short(middle)} ({short(low)} to {short(high)} for nine in ten), "
        f"among {found.searched:,} real examples."
    )

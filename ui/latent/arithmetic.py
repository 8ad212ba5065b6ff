"""Latent arithmetic as in DCGAN (Radford et al., 2016): mean of A minus mean of B plus mean of C."""

from __future__ import annotations

import streamlit as st

from gan_core import latent
from gan_core.latent import Model
from ui.components import sample_grid
from ui.components.vectors import vectors
from ui.latent import state, thumbnails
from ui.latent.picked_latents import picker
from ui.latent.sources import Source
from ui.latent.view import LatentView

_MOST = 6  # latents of a term
_TERMS = {"term-a": "**A** with it", "term-b": "− **B** without it", "term-c": "\\+ **C** to get it"}


def panel(view: LatentView, source: Source, model: Model) -> None:
    """The three terms, the result, and all four vectors."""
    st.caption(
        "Put pictures that share something on A, pictures without it on B, and pictures that shall get it on C: "
        "mean A − mean B + mean C. Means of several pictures work better than single ones (Radford et al., 2016)."
    )
    picked = []
    for column, (name, title) in zip(st.columns(3, gap="medium"), _TERMS.items(), strict=True):
        with column:
            picked.append(picker(view, model, name, title, _MOST, largest=56))
    a, b, c = picked

    def fill(view: LatentView) -> LatentView:
        for i, name in enumerate(_TERMS):
            view = view.with_picked(name, [latent.draw(model, 1, 3 * i + j)[0] for j in range(3)])
        return view

    if not len(a) + len(b) + len(c):
        st.button("Fill with seeds", icon=":material/casino:", key="fill-terms", on_click=state.change_panel(fill))
        return
    z = latent.arithmetic(a, b, c)
    take = state.change(lambda view, *_: view.at_latent(z))
    left, right = st.columns([3, 8], gap="medium")
    with left:
        st.markdown("**A − B + C**")
        sample_grid(
            thumbnails.images_of(model, view.samples(model, z[None])),
            "arithmetic-result",
            columns=1,
            label="result of the arithmetic",
            largest=224,
            on_pick=take,
        )
        st.button(
            "Take it",
            key="take-result",
            icon=":material/north_west:",
            on_click=take,
            help="Make the result the current picture",
        )
    with right:
        means = {"mean A": a, "− mean B": -b, "mean C": c}
        rows = [(name, term.mean(0).numpy()) for name, term in means.items() if len(term)]
        vectors([*rows, ("A − B + C", z.numpy())], "arithmetic-vectors")

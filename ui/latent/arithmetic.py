"""Arithmetic: mean of A minus mean of B plus mean of C, as in the DCGAN paper, with the vectors to be seen."""

from __future__ import annotations

import streamlit as st

from gan_core import latent
from gan_core.latent import Model
from ui.components import sample_grid
from ui.components.vectors import vectors
from ui.latent import state, thumbnails
from ui.latent.picked_latents import shelf
from ui.latent.sources import Source
from ui.latent.state import PANEL, then

_MOST = 6
_TERMS = (("a", "**A** with it"), ("b", "− **B** without it"), ("c", "\\+ **C** to get it"))


def panel(source: Source, model: Model) -> None:
    """Three shelves, the result, and all four vectors."""
    st.caption(
        "Put pictures that share something on A, pictures without it on B, and pictures that shall get it on C: "
        "mean A − mean B + mean C. Resources of several pictures work better than single ones (Radford et al., 2016)."
    )
    kept = []
    for column, (name, title) in zip(st.columns(3, gap="medium"), _TERMS, strict=True):
        with column:
            kept.append(shelf(model, f"term-{name}", title, _MOST, largest=56))
    a, b, c = kept
    if not len(a) + len(b) + len(c):
        st.button(
            "Fill with seeds", icon=":material/casino:", key="fill-terms", on_click=then(lambda: _fill(model), PANEL)
        )
        return
    z = latent.arithmetic(a, b, c)
    left, right = st.columns([3, 8], gap="medium")
    with left:
        st.markdown("**A − B + C**")
        sample_grid(
            thumbnails.pictures(model, z[None]),
            "arithmetic-result",
            columns=1,
            label="result of the arithmetic",
            largest=224,
            on_pick=then(lambda _: state.take(z)),
        )
        st.button(
            "Take it", key="take-result", icon=":material/north_west:", on_click=then(lambda: state.take(z)),
            help="Make the result the current picture",
        )  # fmt: skip
    with right:
        means = {"mean A": a, "− mean B": -b, "mean C": c}
        rows = [(name, part.mean(0).numpy()) for name, part in means.items() if len(part)]
        vectors([*rows, ("A − B + C", z.numpy())], "arithmetic-vectors")


def _fill(model: Model) -> None:
    """Three seeds on each shelf, so that there is something to see."""
    for i, (name, _) in enumerate(_TERMS):
        state.tab().shelves[f"term-{name}"][:] = [latent.draw(model, 1, 3 * i + j)[0] for j in range(3)]

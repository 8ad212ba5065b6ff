"""The stage: the picture of the current latent_point, large, and the sliders that move it.

It is one fragment, and while a slider is dragged it decodes one picture and nothing else; what takes longer, strips and
the panel below, follows once the slider rests.
"""

from __future__ import annotations

import streamlit as st

from gan_core import losses
from gan_core.latent import Model
from ui.components import sample_grid
from ui.latent import plane_panel, rendering, seed_and_class, sliders, state
from ui.latent.sources import Source

LARGEST = 448  # pixels of the picture's side: a whole multiple of 28, 32 and 64


def show(source: Source, model: Model) -> None:
    """The picture on the left, the sliders on the right."""
    of_points = model.config.dataset.kind == "points"
    left, right = st.columns([8, 5] if of_points else [5, 8], gap="medium")
    with left:
        if of_points:
            plane_panel.panel(model)
        else:
            _picture(model)
        seed_and_class.panel(model)
    with right:
        sliders.panel(source, model)


def _picture(model: Model) -> None:
    latent_point = state.latent_point()
    picture = rendering.current(model)
    score = rendering.scores(model, picture, latent_point.label)
    name = losses.get(model.config.loss.name).score_name
    st.caption(f"Step {model.step:,} · rim: D's score, **{score[0]:.3g}**")
    sample_grid(
        picture,
        "latent-picture",
        score,
        columns=1,
        score_range=rendering.score_range(model),
        score_name=name,
        label="current picture",
        largest=LARGEST,
        rim=4,
    )

"""The main picture: the sample at the latent point, large, beside the sliders that move the point.

While a slider is dragged the page decodes this one sample and nothing else. The strips and the panel below follow once
the slider rests.
"""

from __future__ import annotations

import streamlit as st

from gan_core.latent import Model
from ui.components import sample_grid
from ui.formatting import short
from ui.latent import plane_panel, scores, seed_and_class, sliders
from ui.latent.sources import Source
from ui.latent.view import LatentView

LARGEST = 448  # pixels of the picture's side: a whole multiple of 28, 32 and 64


def panel(view: LatentView, source: Source, model: Model) -> None:
    """The picture on the left, the sliders on the right."""
    of_points = model.config.dataset.kind == "points"
    left, right = st.columns([8, 5] if of_points else [5, 8], gap="medium")
    with left, st.container(key="latent-left"):
        with st.container(key="latent-stage"):  # stays in sight
            (plane_panel.panel if of_points else _picture)(view, model)
        seed_and_class.panel(view, model)
    with right:
        sliders.panel(view, source, model)


def _picture(view: LatentView, model: Model) -> None:
    picture = view.picture(model)
    score = scores.scores_of(model, picture, view.point.label)
    st.caption(f"Step {model.step:,} · D's score **{short(score[0])}**")
    sample_grid(
        picture,
        "latent-picture",
        score,
        columns=1,
        score_range=scores.range_of(model),
        score_name=scores.name(model),
        label="current picture",
        largest=LARGEST,
        rim=4,
    )

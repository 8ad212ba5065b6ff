"""The stage: the picture of the current place, large, and the sliders that move it.

It is one fragment, and while a slider is dragged it decodes one picture and nothing else; what takes longer, strips and
the panel below, follows once the slider rests.
"""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from gan_core import latent, losses
from gan_core.latent import Model
from ui.components import sample_grid
from ui.latent import knobs, points, sliders, state
from ui.latent.sources import Source

LARGEST = 448  # pixels of the picture's side: a whole multiple of 28, 32 and 64


def show(source: Source, model: Model) -> None:
    """The picture on the left, the sliders on the right."""
    of_points = model.config.dataset.kind == "points"
    left, right = st.columns([8, 5] if of_points else [5, 8], gap="medium")
    with left:
        if of_points:
            points.panel(model)
        else:
            _picture(model)
        knobs.panel(model)
    with right:
        sliders.panel(source, model)


def current(model: Model) -> np.ndarray:
    """The samples of the current place alone: (1, H, W, C) uint8, or (1, 2)."""
    place = state.place()
    return model.pictures(place.z(state.compass(model))[None], **place.told(model))


def score_range(model: Model) -> tuple[float, float]:
    """The scores that count as wholly fake and wholly real: 0 and 1, or for a critic what it gives its own samples."""
    if losses.get(model.config.loss.name).score_name.endswith("probability"):
        return 0.0, 1.0
    return model.remember("score range", lambda: _range_of_critic(model))


def _range_of_critic(model: Model) -> tuple[float, float]:
    made = model.pictures(latent.draw(model, 64, 0))
    low, high = float((own := scores(model, made, None)).min()), float(own.max())
    return (low, high) if high > low else (low - 1, high + 1)


def scores(model: Model, samples: np.ndarray, label: int | None) -> np.ndarray:
    """D's score of samples, on the loss's own scale: (n,)."""
    config = model.config
    loss = losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing)
    return loss.score(torch.from_numpy(model.scores(samples, label))).numpy()


def _picture(model: Model) -> None:
    place = state.place()
    picture = current(model)
    score = scores(model, picture, place.label)
    name = losses.get(model.config.loss.name).score_name
    st.caption(f"Step {model.step:,} · rim: D's score, **{score[0]:.3g}**")
    sample_grid(
        picture,
        "latent-picture",
        score,
        columns=1,
        score_range=score_range(model),
        score_name=name,
        label="current picture",
        largest=LARGEST,
        rim=4,
    )

"""D's eye: D's score of the current picture, and the pixels that it depends on."""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st

from gan_core import latent, losses
from gan_core.latent import Model
from ui.components import sample_grid
from ui.formatting import plain, short
from ui.latent import scores
from ui.latent.controls import choice
from ui.latent.sources import Source
from ui.latent.view import LatentView
from ui.theme import LIGHT

_KINDS: dict[str, Literal["smoothgrad", "gradient x input"]] = {
    "SmoothGrad": "smoothgrad",
    "Gradient × input": "gradient x input",
}
_OTHERS = 24  # seeds whose samples' scores are compared with the picture's


def panel(view: LatentView, source: Source, model: Model) -> None:
    """The picture, its saliency map and both combined; its score beside the scores of other samples."""
    label = view.point.label
    kind = choice(
        "Map",
        list(_KINDS),
        "saliency.kind",
        "SmoothGrad: how much D's score depends on each pixel, averaged over noisy copies. "
        "Gradient × input: the share of each bright pixel in it.",
    )
    picture = view.picture(model)
    saliency = latent.saliency(model, picture, label, _KINDS[kind])
    score = float(scores.scores_of(model, picture, label)[0])
    others = model.remember(
        ("scores of others", label),
        lambda: scores.scores_of(model, model.pictures(latent.draw(model, _OTHERS, 0), label), label),
    )
    left, right = st.columns([7, 5], gap="medium")
    with left:
        rgb = np.broadcast_to(picture, (*picture.shape[:3], 3))
        sample_grid(
            np.concatenate((rgb, _map(saliency), _overlay(picture, saliency))),
            "saliency",
            columns=3,
            label="picture, what D looks at, and both",
            names=["the picture", "what D looks at", "both"],
            largest=224,
        )
        st.caption("From left: the picture, what D's score depends on most (bright), and both on one another")
    with right:
        meaning = "The higher, the more real to D; it has no ends, and only differences between samples count"
        if losses.get(model.config.loss.name).is_probability:
            meaning = "1: D is sure it is real; 0: sure it is generated"
        st.metric(plain(scores.name(model)), f"{short(score)}", width="content", help=meaning)
        st.markdown(
            f"D finds it more real than **{(others < score).mean():.0%}** of {_OTHERS} samples of other seeds, "
            f"which score {short(np.median(others))} in the middle."
        )


def _map(saliency: np.ndarray) -> np.ndarray:
    """Shares (n, H, W) from black to D's colour to white: (n, H, W, 3) uint8."""
    colour = [int(LIGHT.discriminator[i : i + 2], 16) for i in (1, 3, 5)]
    stops = np.array([[0, 0, 0], colour, [255, 255, 255]], float)
    channels = [np.interp(saliency, [0.0, 0.6, 1.0], stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def _overlay(picture: np.ndarray, saliency: np.ndarray) -> np.ndarray:
    grey = 0.55 * picture.mean(axis=-1, keepdims=True)
    share = 0.85 * saliency[..., None]
    return (grey * (1 - share) + share * _map(saliency)).astype(np.uint8)

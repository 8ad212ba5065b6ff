"""The discriminator's eye: what D thinks of the current picture, and which pixels it thinks so for."""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st

from gan_core import latent, losses
from gan_core.latent import Model
from gan_core.losses.score_range import is_probability
from ui.components import sample_grid
from ui.latent import rendering, state
from ui.latent.sources import Source
from ui.theme import LIGHT

_KINDS: dict[str, Literal["smoothgrad", "gradient x input"]] = {
    "SmoothGrad": "smoothgrad",
    "Gradient × input": "gradient x input",
}
_COMPANY = 24  # seeds that the picture's score is compared with


def panel(source: Source, model: Model) -> None:
    """Picture, map and both on one another; the score beside those of other samples."""
    label = state.latent_point().label
    kind = st.segmented_control(
        "Map",
        list(_KINDS),
        default="SmoothGrad",
        required=True,
        key="eye.kind",
        label_visibility="collapsed",
        help="SmoothGrad: how much D's score depends on each pixel, averaged over noisy copies. "
        "Gradient × input: the share of each bright pixel in it.",
    )
    picture = rendering.current(model)
    heat = latent.saliency(model, picture, label, _KINDS[str(kind)])
    score = float(rendering.scores(model, picture, label)[0])
    others = model.remember(("others", label), lambda: _others(model, label))
    left, right = st.columns([7, 5], gap="medium")
    with left:
        sample_grid(
            np.concatenate((_rgb(picture), _map(heat), _over(picture, heat))),
            "eye",
            columns=3,
            label="picture, what D looks at, and both",
            names=["the picture", "what D looks at", "both"],
            largest=224,
        )
        st.caption("From left: the picture, what D's score depends on most (bright), and both on one another")
    with right:
        name = losses.get(model.config.loss.name).score_name
        ends = "1: D is sure it is real; 0: sure it is generated"
        if not is_probability(model.config.loss.name):
            ends = "The higher, the more real to D; it has no ends, and only differences between samples count"
        st.metric(name, f"{score:.3g}", width="content", help=ends)
        st.markdown(
            f"D finds it more real than **{(others < score).mean():.0%}** of {_COMPANY} samples of other seeds, "
            f"which score {np.median(others):.3g} in the middle."
        )


def _others(model: Model, label: int | None) -> np.ndarray:
    return rendering.scores(model, model.pictures(latent.draw(model, _COMPANY, 0), label), label)


def _rgb(picture: np.ndarray) -> np.ndarray:
    """(n, H, W, 1 or 3) -> (n, H, W, 3)."""
    return np.broadcast_to(picture, (*picture.shape[:3], 3))


def _map(heat: np.ndarray) -> np.ndarray:
    """Shares (n, H, W) from black to D's colour to white: (n, H, W, 3) uint8."""
    stops = np.array([[0, 0, 0], _channels(LIGHT.discriminator), [255, 255, 255]], float)
    at = np.array([0.0, 0.6, 1.0])
    return np.stack([np.interp(heat, at, stops[:, channel]) for channel in range(3)], axis=-1).astype(np.uint8)


def _over(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The picture in grey, tinted where D looks."""
    grey = 0.55 * picture.mean(axis=-1, keepdims=True)
    share = 0.85 * heat[..., None]
    return (grey * (1 - share) + share * _map(heat)).astype(np.uint8)


def _channels(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]

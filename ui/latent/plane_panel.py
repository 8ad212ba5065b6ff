"""The main picture of a 2-D model: the latent plane and the data's plane, which mark the same point when pointed at."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core import latent
from gan_core.latent import Model
from gan_core.latent.latent_grid import LatentPlane
from ui.components.latent_plane import latent_plane
from ui.formatting import short
from ui.latent import scores, state, thumbnails
from ui.latent.view import LatentView

_CELLS = 40  # along a side of D's surface


def panel(view: LatentView, model: Model) -> None:
    """Both planes; a click on a latent takes it."""
    label = view.point.label
    x = view.picture(model)
    score = scores.scores_of(model, x, label)
    shown = short(float(score[0]))
    st.caption(f"Step {model.step:,} · D's score of the current point **{shown}** · click a latent to take it")
    plane: LatentPlane = model.remember(("plane", label), lambda: latent.plane(model, label=label))
    extent, real = thumbnails.frame_and_points(model)
    latent_plane(
        "latent-plane",
        latents=plane.latents if plane.side else np.zeros((0, 2), np.float32),
        points=plane.points,
        side=plane.side,
        real=real,
        surface=model.remember(("surface", label), lambda: _surface(model, extent, label)),
        score_range=scores.range_of(model),
        extent=extent,
        current=(view.z(model).numpy() if plane.side else np.zeros(0, np.float32), x[0]),
        on_pick=state.change(lambda view, index: view.at_latent(plane.z[index])),
    )


def _surface(model: Model, extent: np.ndarray, label: int | None) -> np.ndarray:
    """D's score over the plane: (_CELLS, _CELLS), rows from low y to high y."""
    left, right, low, high = extent
    x, y = np.meshgrid(np.linspace(left, right, _CELLS), np.linspace(low, high, _CELLS))
    cells = np.stack((x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    return scores.scores_of(model, cells, label).reshape(_CELLS, _CELLS)

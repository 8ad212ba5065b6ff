"""The stage of a model of points: the latent plane and the data's plane, linked by what is pointed at."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gan_core import latent
from gan_core.latent import Model
from gan_core.latent.latent_grid import LatentPlane
from ui.components.latent_plane import latent_plane
from ui.latent import plane_frame, rendering, state

_CELLS = 40  # along a side of D's surface


def panel(model: Model) -> None:
    """Both planes; a click on a latent takes it."""
    latent_point = state.latent_point()
    z = latent_point.z(state.direction_basis(model))
    x = rendering.current(model)
    score = rendering.scores(model, x, latent_point.label)
    st.caption(f"Step {model.step:,} · D's score of the current point **{score[0]:.3g}** · click a latent to take it")
    plane: LatentPlane = model.remember(
        ("plane", latent_point.label), lambda: latent.plane(model, label=latent_point.label)
    )
    extent, real = plane_frame.frame_and_points(model)
    latent_plane(
        "latent-plane",
        latents=plane.latents if plane.side else np.zeros((0, 2), np.float32),
        points=plane.points,
        side=plane.side,
        real=real,
        surface=model.remember(("surface", latent_point.label), lambda: _surface(model, extent, latent_point.label)),
        score_range=rendering.score_range(model),
        extent=extent,
        current=(z.numpy() if plane.side else np.zeros(0, np.float32), x[0]),
        on_pick=state.then(lambda index: state.take(plane.z[index])),
    )


def _surface(model: Model, extent: np.ndarray, label: int | None) -> np.ndarray:
    """D's score over the plane: (_CELLS, _CELLS), rows from low y to high y."""
    left, right, low, high = extent
    x, y = np.meshgrid(np.linspace(left, right, _CELLS), np.linspace(low, high, _CELLS))
    cells = np.stack((x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    return rendering.scores(model, cells, label).reshape(_CELLS, _CELLS)

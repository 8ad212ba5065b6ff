"""The plane of latents beside the plane of data: pointing at one shows its other half."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.components.assets import forward, packed, script, style

Array = NDArray[np.float32]

_mount = st.components.v2.component(
    "latent_plane",
    html='<div class="planes"><figure class="latent"><canvas tabindex="0" role="img"></canvas><figcaption>'
    '</figcaption></figure><figure class="data"><canvas tabindex="0" role="img"></canvas><figcaption></figcaption>'
    '</figure><p aria-live="polite"></p></div>',
    css=style("latent_plane"),
    js=script("latent_plane"),
)


def latent_plane(
    key: str,
    latents: Array,
    points: Array,
    side: int,
    real: Array,
    surface: Array,
    score_range: tuple[float, float],
    extent: Array,
    current: tuple[Array, Array],
    on_pick: Callable[[int], None] | None = None,
) -> None:
    """Two linked pictures of one generator of points.

    Args:
        latents: (n, 2), where each lies; (0, 2) leaves the latent plane out, as for a z of other than two numbers.
        points: (n, 2), where G sends each.
        side: n = side * side latents lie on an even grid, row by row; 0 if they lie anyhow.
        real: (m, 2) true points.
        surface: (s, s) D's score over `extent`, rows from low y to high y.
        score_range: the scores drawn as wholly "judged fake" and wholly "judged real".
        extent: (4,): x from, x to, y from, y to of the data's plane.
        current: the page's own z (2,) and its image (2,), drawn larger; z may be empty.
        on_pick: called with the index of a latent that was clicked.
    """
    parts = {
        "latents": latents,
        "points": points,
        "real": real,
        "surface": surface,
        "z": current[0],
        "x": current[1],
    }
    header = {
        "shapes": {name: part.shape for name, part in parts.items()},
        "side": side,
        "extent": [float(edge) for edge in extent],
        "range": score_range,
    }
    data = packed(header, *(np.ascontiguousarray(part, dtype="<f4") for part in parts.values()))
    _mount(key=key, data=data, on_pick_change=forward(key, on_pick))

"""The latent plane beside the data's plane, for a generator of points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ui.components.assets import component, forward, packed

Array = NDArray[np.float32]

_mount = component(
    "latent_plane",
    '<div class="component planes"><figure class="latent">'
    '<canvas class="plane" tabindex="0" role="img"></canvas><figcaption></figcaption></figure><figure class="data">'
    '<canvas class="plane" tabindex="0" role="img"></canvas><figcaption></figcaption></figure>'
    '<p aria-live="polite"></p></div>',
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
    """Show two linked planes: pointing at a latent marks its sample too, and the other way round.

    Args:
        latents: (n, 2); (0, 2) hides the latent plane, for a z that is not two numbers.
        points: (n, 2), G's sample of each latent.
        side: of a regular grid of n = side * side latents, row by row; 0 without a grid.
        real: (m, 2) real points.
        surface: (s, s) D's score over `extent`, rows from low y to high y.
        score_range: the scores to draw as fully fake and fully real.
        extent: (4,): x from, x to, y from, y to of the data's plane.
        current: the current z (2,) or (0,) and its sample (2,), drawn larger.
        on_pick: called with the index of the clicked latent.
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
    _mount(key=key, data=data, on_pick_change=forward(key, "pick", on_pick))

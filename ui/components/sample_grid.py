"""A grid of pictures on one canvas, each with a thin rim in the colour of D's score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ui.components.assets import component, forward, packed

_mount = component(
    "sample_grid",
    '<div class="component grid" tabindex="0" role="group"><canvas role="img"></canvas>'
    '<div class="tip" aria-live="polite"></div></div>',
)


def sample_grid(
    images: NDArray[np.uint8],
    key: str,
    scores: NDArray[Any] | None = None,
    columns: int = 8,
    score_range: tuple[float, float] = (0.0, 1.0),
    score_name: str = "D(x)",
    label: str = "samples",
    selected: int | None = None,
    largest: int = 96,
    smallest: int = 0,
    rim: int = 2,
    names: Sequence[str] = (),
    room_for: tuple[int, int, int] | None = None,
    fill: str = "",
    on_pick: Callable[[int], None] | None = None,
) -> int | None:
    """Show images side by side. A later call with the same key repaints them in place, without flicker.

    Args:
        images: (n, H, W) or (n, H, W, C) uint8 with C 1 (grey) or 3 (RGB).
        scores: (n,) D's score of each image, shown as the colour of its rim and as a number; None or NaN for no rim.
        score_range: the scores to draw as fully fake and fully real.
        label: what the images are, for screen readers.
        selected: index of the image to frame.
        largest: greatest side of an image on screen, in pixels.
        smallest: least side of an image on screen, in pixels; in a narrow window fewer stand side by side.
        rim: width of the rims, in pixels.
        names: a name for each image, shown when it is pointed at; () for none.
        room_for: number of images, columns and greatest side of the layout whose height the grid keeps at least.
        fill: the height of the grid as a CSS length, which the images fill; "" for as high as they are.
        on_pick: called with the clicked index before the rerun, so that it may set the state of widgets.

    Returns:
        The index of the image that was clicked since the last run, otherwise None.
    """
    pixels = images[..., None] if images.ndim == 3 else images
    values = np.full(len(pixels), np.nan) if scores is None else scores
    header = {
        "shape": pixels.shape,
        "columns": columns,
        "range": score_range,
        "name": score_name,
        "label": label,
        "selected": selected,
        "largest": largest,
        "smallest": smallest,
        "rim": rim,
        "names": list(names),
        "room": room_for,
        "fill": fill,
    }
    data = packed(header, np.asarray(values, dtype="<f4"), pixels)
    return _mount(key=key, data=data, on_pick_change=forward(key, "pick", on_pick)).pick

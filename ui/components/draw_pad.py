"""A pad on which one draws the distribution that the GAN shall learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ui.components.assets import script, style

Points = tuple[tuple[float, float], ...]

_mount = st.components.v2.component(
    "draw_pad",
    html='<div class="pad"><canvas tabindex="0" role="img"></canvas><div class="bar">'
    '<button type="button" class="undo">Undo</button><button type="button" class="clear">Clear</button>'
    '<span class="count" aria-live="polite"></span></div></div>',
    css=style("draw_pad"),
    js=script("draw_pad"),
)


def draw_pad(
    key: str,
    points: Sequence[tuple[float, float]] = (),
    extent: float = 3.0,
    limit: int = 400,
    ruler: bool = True,
    on_draw: Callable[[Points], None] | None = None,
) -> Points:
    """A square pad that turns strokes of mouse, finger or arrow keys into points, evenly spaced along the strokes.

    Args:
        points: what the drawing begins with; to begin anew with others, mount the pad under another key.
        extent: the pad shows [-extent, extent] on both axes.
        limit: the most points that a drawing may give.
        ruler: show the axes' numbers and count the points; without it the drawing is just a drawing.
        on_draw: called with the points of a changed drawing before the rerun.

    Returns:
        The drawing's points, at most `limit`.
    """

    def changed() -> None:
        if on_draw is not None:
            on_draw(_pairs(st.session_state[key]["points"]))

    drawn = st.session_state.get(key, {}).get("points", points)
    result = _mount(
        key=key,
        data={"points": _pairs(drawn), "extent": extent, "limit": limit, "ruler": ruler},
        default={"points": _pairs(points)},
        on_points_change=changed,
    )
    return _pairs(result.points)


def _pairs(points: Sequence[Sequence[float]]) -> Points:
    return tuple((float(x), float(y)) for x, y in points)

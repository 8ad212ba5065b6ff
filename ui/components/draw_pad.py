"""A pad for drawing a 2-D distribution or a digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ui.components.assets import component, forward

Points = tuple[tuple[float, float], ...]

_mount = component(
    "draw_pad",
    '<div class="component pad"><canvas class="plane" tabindex="0" role="img"></canvas><div class="bar">'
    '<button type="button" class="undo">Undo</button><button type="button" class="clear">Clear</button>'
    '<span class="count" aria-live="polite"></span></div></div>',
)


def draw_pad(
    key: str,
    points: Sequence[tuple[float, float]] = (),
    limit: int = 400,
    ruler: bool = True,
    on_draw: Callable[[Points], None] | None = None,
) -> Points:
    """Show a pad, [-3, 3] on both axes, that turns strokes (mouse, finger, arrow keys) into evenly spaced points.

    Args:
        points: the initial drawing; for a new one use another key.
        limit: maximum number of points.
        ruler: show the axes and the number of points.
        on_draw: called with the points after a change, before the rerun.

    Returns:
        The drawing's points, at most `limit`.
    """
    drawn = st.session_state.get(key, {}).get("points", points)
    result = _mount(
        key=key,
        data={"points": _pairs(drawn), "limit": limit, "ruler": ruler},
        default={"points": _pairs(points)},
        on_points_change=forward(key, "points", lambda points: on_draw and on_draw(_pairs(points))),
    )
    return _pairs(result.points)


def _pairs(points: Sequence[Sequence[float]]) -> Points:
    return tuple((float(x), float(y)) for x, y in points)

"""Curves of several variants with their bands, for the Compare page, as plotly figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ui.charts.curves import Figure, axes, show_empty
from ui.charts.series import packed
from ui.formatting import short
from ui.theme import line_style

if TYPE_CHECKING:
    from gan_core.compare import Curve

_FEW = 12  # a curve with at most this many points also shows a marker at each


def overlaid(title: str, curves: Sequence[tuple[int, Curve]], unit: str, log: bool = False) -> Figure:
    """The median of each variant as a line with its band.

    Args:
        curves: pairs of an index, which selects the colour and the dash, and a curve.
        unit: label of the x axis.
        log: draw a logarithmic y axis if all values are positive.
    """
    log = log and all(not np.any(curve.low <= 0) for _, curve in curves)
    layout = axes(title, unit, log, _description(title, curves))
    layout["yaxis"]["nticks"] = 6
    if not curves:
        show_empty(layout, "nothing was measured yet")
    return {"data": [trace for index, curve in curves for trace in _banded(index, curve)], "layout": layout}


def _banded(index: int, curve: Curve) -> list[dict[str, Any]]:
    """The two edges of the band and the line."""
    color, dash = line_style(index)
    common = {"type": "scatter", "mode": "lines", "legendgroup": curve.variant, "x": packed(curve.x)}
    edge = common | {"showlegend": False, "hoverinfo": "skip", "line": {"width": 0, "color": f"role:{color}/0"}}
    low = {"uid": f"{index}-low", "y": packed(curve.low)}
    high = {"uid": f"{index}-high", "y": packed(curve.high)}
    line = {
        "uid": f"{index}-median",  # Plotly puts it into a CSS selector, so it may not be the name of a variant
        "mode": "lines+markers" if len(curve.x) <= _FEW else "lines",
        "name": curve.title,
        "y": packed(curve.median),
        "line": {"color": f"role:{color}", "width": 2, "dash": dash},
        "marker": {"size": 5},
        "hovertemplate": "%{fullData.name} %{y:.3~g}<extra></extra>",
    }
    return [edge | low, edge | high | {"fill": "tonexty", "fillcolor": f"role:{color}/0.16"}, common | line]


def _description(title: str, curves: Sequence[tuple[int, Curve]]) -> str:
    values = ", ".join(f"{curve.title} {short(curve.median[-1])}" for _, curve in curves if len(curve.median))
    return f"{title} at the end: {values}" if values else f"{title}: nothing yet"

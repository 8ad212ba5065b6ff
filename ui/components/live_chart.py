"""A plotly figure that is updated in place: no remount, no flicker, and the zoom stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import streamlit as st

from ui.components.assets import forward, plotly_url, script, style

_mount = st.components.v2.component(
    "live_chart",
    html='<div class="live-chart"><div class="legend"></div><div class="plot"></div>'
    '<button type="button" class="home" hidden>Reset zoom</button>'
    '<button type="button" class="save" hidden title="Save the chart as a picture">PNG</button></div>',
    css=style("live_chart"),
    js=script("live_chart"),
    isolate_styles=False,  # plotly adds its style rules to the document, where a shadow root would not see them
)


def live_chart(
    figure: Mapping[str, Any],
    key: str,
    height: int | Literal["square"] = 240,
    uirevision: str = "",
    cursor: float | None = None,
    save_as: str = "",
    on_pick: Callable[[float], None] | None = None,
) -> float | None:
    """Show `figure` (a dict of `data` and `layout`, see `ui.charts.curves`) and keep it fresh from then on.

    Colours written as roles ("role:generator/0.3", "scale:score") take the theme's values. Zoom and hidden legend
    entries stay as long as `uirevision` (the run's id) and the meaning of the axes do.

    Args:
        height: pixels, legend and all, or "square" for a plot as high as the column is wide.
        cursor: where to draw a vertical line, in units of the x axis.
        save_as: the name, without ".png", under which a button saves the chart as a picture; "" for no such button.
        on_pick: called with the picked step before the rerun, so that it may set the state of widgets.

    Returns:
        The step that was clicked since the last run (x itself where the figure carries no steps), else None.
    """
    result = _mount(
        key=key,
        data={
            "figure": figure,
            "height": height,
            "uirevision": uirevision,
            "cursor": cursor,
            "saveAs": save_as,
            "plotly": plotly_url(),
        },
        on_pick_change=forward(key, on_pick),
    )
    return result.pick

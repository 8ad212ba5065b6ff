"""A plotly figure that is updated in place, without flicker; zoom and hidden legend entries stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ui.components.assets import component, forward
from ui.web import plotly_folder

_mount = component(
    "live_chart",
    '<div class="component live-chart"><div class="legend"></div><div class="plot"></div>'
    '<button type="button" class="home" hidden>Reset zoom</button>'
    '<button type="button" class="save" hidden title="Save the chart as a picture">PNG</button></div>',
    isolate_styles=False,  # plotly adds its styles to the document, which a shadow root ignores
)


def live_chart(
    figure: Mapping[str, Any],
    key: str,
    height: int | str = 240,
    uirevision: str = "",
    cursor: float | None = None,
    save_as: str = "",
    on_pick: Callable[[float], None] | None = None,
) -> float | None:
    """Show a figure, a dict of `data` and `layout` (see `ui.charts.curves`). A later call updates it in place.

    Colours that name roles ("role:generator/0.3", "scale:score") take the theme's values. Zoom and hidden legend
    entries stay while `uirevision` (the run's id) and the axes' titles and types stay the same.

    Args:
        height: with the legend, in pixels or as a CSS length; "square" makes the plot as high as it is wide.
        cursor: x of a vertical line.
        save_as: name, without ".png", of the file that a button saves; "" hides the button.
        on_pick: called with the clicked step before the rerun, so that it may set the state of widgets.

    Returns:
        The step that was clicked since the last run, or x if the figure has no steps; otherwise None.
    """
    result = _mount(
        key=key,
        data={
            "figure": figure,
            "height": height,
            "uirevision": uirevision,
            "cursor": cursor,
            "saveAs": save_as,
            "plotly": f"{plotly_folder()}/plotly.min.js",
        },
        on_pick_change=forward(key, "pick", on_pick),
    )
    return result.pick

"""The training curves as plotly figures, in plain dicts.

Colours are named by role; `ui.components.live_chart` adds the theme's colours, fonts, grid lines and legend.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ui.charts.series import packed, smooth, thin
from ui.formatting import short

if TYPE_CHECKING:
    from gan_core.session.snapshot import SettingChange
    from gan_core.training.history import History

Figure = dict[str, Any]
Array = NDArray[Any]
Unit = Literal["step", "epoch", "seconds"]
LIMIT = 600  # points of a curve that are sent to the browser, about the width of a chart in pixels
_LINE = 44  # characters of a text in an empty chart
_LABELS = 3  # changes of settings with a label; older ones have only their line
MARGIN = {"l": 44, "r": 14, "t": 6, "b": 38}  # pixels, as in the components


@dataclass(frozen=True)
class _Series:
    name: str
    role: str
    values: Array


def losses(
    history: History,
    unit: Unit = "step",
    smoothing: float = 0.0,
    log: bool = False,
    equilibrium: tuple[float | None, float | None] | None = None,
    setting_changes: Sequence[SettingChange] = (),
    warnings: Sequence[SettingChange] = (),
) -> Figure:
    """Both losses, with dashed lines at their equilibrium and marks at changes of settings.

    The axis is linear despite `log` while any loss is zero or less.

    Args:
        smoothing: weight of the past in a moving average, in [0, 1); the raw values are drawn faintly behind it.
        equilibrium: losses of D and G at equilibrium (`gan_core.losses.Loss.equilibrium`).
        warnings: steps at which the chart shows a failure, with their texts.
    """
    curves = [
        _Series("D", "discriminator", history.loss_d),
        _Series("G", "generator", history.loss_g),
    ]
    log = log and all(not np.any(curve.values <= 0) for curve in curves)
    figure = _curves("Loss", history, curves, unit, smoothing, log, setting_changes, warnings)
    if not log:
        figure["layout"]["yaxis"]["autorangeoptions"] = _range_after_start(curves, equilibrium or ())
    middle = float(getattr(history, unit)[[0, -1]].mean()) if len(history.step) else 0.0
    labels = [(position(history, mark.step, unit), mark.text) for mark in setting_changes]
    _label_changes(figure["layout"], labels, middle)
    for value, role in _levels(equilibrium):
        if value > 0 or not log:
            add_level(figure, history, unit, value, role, "equilibrium")
    return figure


def scores(
    history: History,
    unit: Unit = "step",
    smoothing: float = 0.0,
    probability: bool = True,
    setting_changes: Sequence[SettingChange] = (),
    warnings: Sequence[SettingChange] = (),
) -> Figure:
    """D's mean scores of real and generated samples; for probabilities with a line at 0.5, where D cannot tell."""
    curves = [_Series("D(x) real", "real", history.d_real), _Series("D(G(z)) fake", "generator", history.d_fake)]
    figure = _curves("Score", history, curves, unit, smoothing, False, setting_changes, warnings)
    if probability:
        figure["layout"]["yaxis"].update(range=[-0.03, 1.03], tickvals=[0, 0.25, 0.5, 0.75, 1])
        add_level(figure, history, unit, 0.5, "other", "cannot tell")
    return figure


def gradient_norms(
    history: History,
    unit: Unit = "step",
    smoothing: float = 0.0,
    log: bool = True,
    setting_changes: Sequence[SettingChange] = (),
    warnings: Sequence[SettingChange] = (),
) -> Figure:
    """The norm of each network's gradient over all its weights."""
    curves = [_Series("D", "discriminator", history.grad_norm_d), _Series("G", "generator", history.grad_norm_g)]
    return _curves("Gradient norm", history, curves, unit, smoothing, log, setting_changes, warnings)


def position(history: History, step: float, unit: Unit) -> float:
    """The position of `step` on an x axis in `unit`."""
    if unit == "step" or len(history.step) == 0:
        return float(step)
    return float(np.interp(step, history.step, getattr(history, unit)))


def _curves(
    title: str,
    history: History,
    curves: Sequence[_Series],
    unit: Unit,
    smoothing: float,
    log: bool,
    setting_changes: Sequence[SettingChange],
    warnings: Sequence[SettingChange],
) -> Figure:
    layout = axes(title, unit, log, _description(title, history, curves, warnings))
    if len(history.step) == 0:
        if log:
            layout["yaxis"] |= {"range": [-2, 0], "dtick": 1}  # 0.01 to 1
        show_empty(layout, "the curves begin with the first step")
    else:
        if log and _decades(curves) < 2:
            layout["yaxis"]["dtick"] = "D2"  # labels at 1, 2, 5, 10; plotly's default labels overlap
        first, last = getattr(history, unit)[[0, -1]].tolist()
        layout["xaxis"]["autorangeoptions"] = {"clipmin": first, "clipmax": last}  # no room for labels at the ends
        mark_changes(layout, [position(history, mark.step, unit) for mark in setting_changes])
        mark_warnings(layout, [(position(history, mark.step, unit), mark.text) for mark in warnings])
    data = [trace for curve in curves for trace in _lines(curve, history, unit, smoothing)]
    return {"data": data, "layout": layout}


def axes(title: str, unit: str, log: bool, description: str) -> dict[str, Any]:
    """The layout of a chart of curves over `unit`; screen readers read `description`."""
    return {
        "legend": {"title": {"text": title}},
        "xaxis": {"title": {"text": unit}, "tickformat": "~s", "hoverformat": ",.6~r"},
        "yaxis": {"type": "log" if log else "linear", "nticks": 5, "tickformat": "~g"},
        "hovermode": "x unified",
        "hoverdistance": -1,
        "meta": description,
        "shapes": [],
        "annotations": [],
    }


def show_empty(layout: dict[str, Any], text: str) -> None:
    """Write `text` into a chart without curves, on as many lines as it needs."""
    layout["xaxis"] |= {"range": [0, 1], "showticklabels": False}
    lines = wrap(text, _LINE)
    middle = (len(lines) - 1) / 2
    layout["annotations"] += [
        note(line, 0.5, 0.5, yref="paper", yshift=16 * (middle - row)) for row, line in enumerate(lines)
    ]


def _range_after_start(curves: Sequence[_Series], levels: Sequence[float | None]) -> dict[str, float]:
    """Limits of the axis that leave out the spikes of the first twentieth of the steps, of ten steps at least."""
    start = max(10, len(curves[0].values) // 20)
    values = np.concatenate(
        [*(curve.values[start:] for curve in curves), [level for level in levels if level is not None]]
    )
    values = values[np.isfinite(values)]
    if len(curves[0].values) <= 2 * start or not len(values):
        return {}
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 1.0
    return {"clipmin": low - room, "clipmax": high + room}


def _decades(curves: Sequence[_Series]) -> float:
    """The number of powers of ten between the smallest and the largest positive value."""
    values = np.concatenate([curve.values for curve in curves])
    values = values[np.isfinite(values) & (values > 0)]
    return float(np.log10(values.max() / values.min())) if len(values) else 0.0


def _lines(curve: _Series, history: History, unit: Unit, smoothing: float) -> list[dict[str, Any]]:
    """A curve as two traces: the raw values, which are empty without smoothing, and the smoothed line over them."""
    line: dict[str, Any] = {"type": "scatter", "mode": "lines", "name": curve.name, "legendgroup": curve.name}
    line |= {"line": {"color": f"role:{curve.role}", "width": 1.75}}
    behind = line | {"uid": f"{curve.role}-raw", "showlegend": False, "hoverinfo": "skip"}
    behind |= {"line": {"color": f"role:{curve.role}/0.25", "width": 1}}
    smoothed = smooth(curve.values, smoothing) if smoothing else curve.values
    return [
        behind | _points(curve.values if smoothing else curve.values[:0], history, unit),
        line
        | {"uid": curve.role, "hovertemplate": "%{fullData.name} %{y:.3~g}<extra></extra>"}
        | _points(smoothed, history, unit),
    ]


def _points(values: Array, history: History, unit: Unit) -> dict[str, Any]:
    chosen = thin(values, LIMIT)
    steps = {} if unit == "step" else {"customdata": packed(history.step[chosen])}
    return {"x": packed(getattr(history, unit)[chosen]), "y": packed(values[chosen]), **steps}


def _levels(equilibrium: tuple[float | None, float | None] | None) -> list[tuple[float, str]]:
    """The distinct losses at equilibrium, each with the role of its network."""
    of_d, of_g = equilibrium or (None, None)
    if of_d is not None and of_g is not None and math.isclose(of_d, of_g):
        return [(of_d, "other")]
    return [(value, role) for value, role in ((of_d, "discriminator"), (of_g, "generator")) if value is not None]


def add_level(figure: Figure, history: History, unit: Unit, value: float | None, role: str, name: str) -> None:
    """Add a dashed line at `value`, labelled in the right margin; lines with the same name share a legend entry.

    Without a value there is only the entry of the legend.
    """
    known = value is not None and len(history.step) > 0
    ends = getattr(history, unit)[[0, -1]] if known else np.zeros(0)
    figure["layout"]["margin"] = MARGIN | {"r": 40}
    figure["data"].append(
        {
            "type": "scatter",
            "mode": "lines+text",
            "uid": f"level-{role}",
            "name": name,
            "legendgroup": "level",
            "x": packed(ends),
            "y": [value] * len(ends),
            "line": {"color": f"role:{role}/0.8", "width": 1.25, "dash": "dash"},
            "text": [] if value is None else ["", f" {short(value)}"],
            "textposition": "middle right",
            "textfont": {"size": 11, "color": f"role:{role}"},
            "cliponaxis": False,
            "hoverinfo": "skip",
        }
    )


def mark_changes(layout: dict[str, Any], places: Sequence[float]) -> None:
    """Add a dotted vertical line for each change of a setting."""
    layout["shapes"] += [_vertical(x, {"color": "role:text/0.5", "width": 1, "dash": "dot"}) for x in places]


def mark_warnings(layout: dict[str, Any], warnings: Sequence[tuple[float, str]]) -> None:
    """Add an amber line for each warning, with a triangle at its foot that shows the text on hover."""
    place: dict[str, Any] = {"xref": "x", "yref": "paper", "yanchor": "bottom", "xanchor": "center"}
    for x, text in warnings:
        layout["shapes"].append(_vertical(x, {"color": "role:warning/0.8", "width": 1.5}))
        sign = note("▲", x, 0, hovertext=text, **place)
        layout["annotations"].append(sign | {"font": {"size": 14, "color": "role:warning"}})


def _label_changes(layout: dict[str, Any], setting_changes: Sequence[tuple[float, str]], middle: float) -> None:
    """Write each of the last changes beside its dotted line, in a row of its own, on the side that has more room."""
    place: dict[str, Any] = {"xref": "x", "yref": "paper", "yanchor": "top", "bgcolor": "role:background/0.8"}
    for row, (x, text) in enumerate(setting_changes[-_LABELS:]):
        side = "left" if x <= middle else "right"
        first, *more = text.split(", ")
        shown = f"{first} and {len(more)} more" if more else first
        layout["annotations"].append(note(shown, x, 1, hovertext=text, xanchor=side, yshift=-15 * row, **place))


def _vertical(x: float, line: dict[str, Any]) -> dict[str, Any]:
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line, "layer": "below"}


def note(text: str, x: float, y: float, **place: Any) -> dict[str, Any]:
    """A text in a chart, by default at a position that is relative to the plot, from 0 to 1."""
    font = {"size": 11, "color": "role:text/0.7"}
    return {"text": text, "xref": "paper", "x": x, "y": y, "showarrow": False, "font": font, "borderpad": 0} | place


def _description(title: str, history: History, curves: Sequence[_Series], warnings: Sequence[SettingChange]) -> str:
    """The last values and the warnings of a chart in words, for screen readers."""
    if len(history.step) == 0:
        return f"{title}: no steps yet"
    values = ", ".join(f"{curve.name} {short(curve.values[-1])}" for curve in curves)
    noted = "".join(f"; warning at step {mark.step}: {mark.text}" for mark in warnings)
    return f"{title} at step {int(history.step[-1])}: {values}{noted}"

"""Plotly figures as plain dicts, from arrays: the training curves and, for 2-D data, the layered view.

Nothing here knows of Streamlit or of the theme. Colours are written as roles; `ui.components.live_chart` draws the
figures in the theme's colours, with the fonts, grid lines and legend that all charts share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ui.charts.series import packed, smooth, thin
from ui.theme import look_of

if TYPE_CHECKING:
    from gan_core.compare import Curve as BandedCurve
    from gan_core.session.snapshot import SettingChange
    from gan_core.training.history import History

Figure = dict[str, Any]
Array = NDArray[Any]
Unit = Literal["step", "epoch", "seconds"]
LIMIT = 600  # points of a curve that are sent to the browser: as many as a chart has pixels across
_FEW = 12  # points up to which a curve of judgements shows each of them
MARGIN = {"l": 44, "r": 14, "t": 6, "b": 38}  # pixels; the components leave the same


@dataclass(frozen=True)
class _Curve:
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
    """Both losses, with dashed lines where they stand once D cannot tell, and the moments at which settings changed.

    A logarithmic axis shows positive numbers only, so `log` is left aside while any loss is zero or less.

    Args:
        smoothing: weight of the past in a moving average, 0 to below 1; the raw values stay behind it, faint.
        equilibrium: losses of D and of G at equilibrium, as `gan_core.losses.Loss.equilibrium` gives them.
        warnings: where the chart shows that something is wrong, and what.
    """
    curves = (
        _Curve("discriminator", "discriminator", history.loss_d),
        _Curve("generator", "generator", history.loss_g),
    )
    log = log and all(not np.any(curve.values <= 0) for curve in curves)
    figure = _curves("Loss", history, curves, unit, smoothing, log, setting_changes, warnings)
    _label_changes(figure["layout"], [(position(history, mark.step, unit), mark.text) for mark in setting_changes])
    for value, role in _levels(equilibrium):
        if value > 0 or not log:
            _add_level(figure, history, unit, value, role, "equilibrium")
    return figure


def scores(
    history: History,
    unit: Unit = "step",
    smoothing: float = 0.0,
    probability: bool = True,
    setting_changes: Sequence[SettingChange] = (),
    warnings: Sequence[SettingChange] = (),
) -> Figure:
    """What D says of real and of generated data: probabilities with the line of "cannot tell", or a critic's scores."""
    curves = (
        _Curve("D(x) real", "real", history.d_real),
        _Curve("D(G(z)) fake", "generator", history.d_fake),
    )
    figure = _curves("Score", history, curves, unit, smoothing, False, setting_changes, warnings)
    if probability:
        figure["layout"]["yaxis"].update(range=[-0.03, 1.03], tickvals=[0, 0.25, 0.5, 0.75, 1])
        _add_level(figure, history, unit, 0.5, "other", "cannot tell")
    return figure


def gradient_norms(
    history: History,
    unit: Unit = "step",
    smoothing: float = 0.0,
    log: bool = True,
    setting_changes: Sequence[SettingChange] = (),
    warnings: Sequence[SettingChange] = (),
) -> Figure:
    """Norm of each network's gradient over all its weights; a G near zero has stopped learning."""
    curves = (
        _Curve("D", "discriminator", history.grad_norm_d),
        _Curve("G", "generator", history.grad_norm_g),
    )
    return _curves("Gradient norm", history, curves, unit, smoothing, log, setting_changes, warnings)


def position(history: History, step: float, unit: Unit) -> float:
    """Where `step` lies on the x axis of the curves: the cursor of a chart whose axis is not in steps."""
    if unit == "step" or len(history.step) == 0:
        return float(step)
    return float(np.interp(step, history.step, getattr(history, unit)))


def _curves(
    title: str,
    history: History,
    curves: Sequence[_Curve],
    unit: Unit,
    smoothing: float,
    log: bool,
    setting_changes: Sequence[SettingChange],
    warnings: Sequence[SettingChange],
) -> Figure:
    layout: dict[str, Any] = {
        "legend": {"title": {"text": title}},
        "xaxis": {"title": {"text": unit}, "tickformat": "~s", "hoverformat": ",.6~r"},
        "yaxis": {"type": "log" if log else "linear", "nticks": 5, "tickformat": "~g"},
        "hovermode": "x unified",
        "hoverdistance": -1,
        "meta": _spoken(title, history, curves, warnings),
        "shapes": [],
        "annotations": [],
    }
    if len(history.step) == 0:
        layout["xaxis"] |= {"range": [0, 1], "showticklabels": False}
        if log:
            layout["yaxis"] |= {"range": [-2, 0], "dtick": 1}  # 0.01 to 1
        layout["annotations"].append(_note("the curves begin with the first step", 0.5, 0.5, yref="paper"))
    else:
        if log and _decades(curves) < 2:
            layout["yaxis"]["dtick"] = "D2"  # 1, 2, 5, 10: left to itself plotly writes all nine digits over each other
        first, last = getattr(history, unit)[[0, -1]].tolist()
        layout["xaxis"]["autorangeoptions"] = {"clipmin": first, "clipmax": last}  # labels at the end take no room
        _mark_changes(layout, [position(history, mark.step, unit) for mark in setting_changes])
        _mark_warnings(layout, [(position(history, mark.step, unit), mark.text) for mark in warnings])
    data = [trace for curve in curves for trace in _lines(curve, history, unit, smoothing)]
    return {"data": data, "layout": layout}


def _decades(curves: Sequence[_Curve]) -> float:
    """How many powers of ten lie between the least and the greatest positive value."""
    values = np.concatenate([curve.values for curve in curves])
    values = values[np.isfinite(values) & (values > 0)]
    return float(np.log10(values.max() / values.min())) if len(values) else 0.0


def _lines(curve: _Curve, history: History, unit: Unit, smoothing: float) -> list[dict[str, Any]]:
    """A curve as two traces, the raw values and the smooth line over them; without smoothing the first is empty."""
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": curve.name,
        "legendgroup": curve.name,
        "line": {"color": f"role:{curve.role}", "width": 1.75},
    }
    behind = line | {
        "uid": f"{curve.role}-raw",
        "showlegend": False,
        "hoverinfo": "skip",
        "line": {"color": f"role:{curve.role}/0.25", "width": 1},
    }
    smoothed = smooth(curve.values, smoothing) if smoothing else curve.values
    return [
        behind | _points(curve.values if smoothing else curve.values[:0], history, unit),
        line
        | {"uid": curve.role, "hovertemplate": f"{curve.name} %{{y:.3~g}}<extra></extra>"}
        | _points(smoothed, history, unit),
    ]


def _points(values: Array, history: History, unit: Unit) -> dict[str, Any]:
    chosen = thin(values, LIMIT)
    steps = {} if unit == "step" else {"customdata": packed(history.step[chosen])}
    return {"x": packed(getattr(history, unit)[chosen]), "y": packed(values[chosen]), **steps}


def _levels(equilibrium: tuple[float | None, float | None] | None) -> list[tuple[float, str]]:
    """The distinct losses at equilibrium, each with the role of the network whose loss it is."""
    of_d, of_g = equilibrium or (None, None)
    if of_d is not None and of_g is not None and math.isclose(of_d, of_g):
        return [(of_d, "other")]
    return [(value, role) for value, role in ((of_d, "discriminator"), (of_g, "generator")) if value is not None]


def _add_level(figure: Figure, history: History, unit: Unit, value: float, role: str, name: str) -> None:
    """Add a dashed line at `value` with the value itself in the right margin; lines of a name share a legend entry."""
    ends = getattr(history, unit)[[0, -1]] if len(history.step) else np.zeros(0)
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
            "text": ["", f" {value:.3g}"],
            "textposition": "middle right",
            "textfont": {"size": 11, "color": f"role:{role}"},
            "cliponaxis": False,
            "hoverinfo": "skip",
        }
    )


def _mark_changes(layout: dict[str, Any], places: Sequence[float]) -> None:
    """Add a dotted vertical line for each change of a setting."""
    line = {"color": "role:text/0.5", "width": 1, "dash": "dot"}
    ends = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": line, "layer": "below"}
    layout["shapes"].extend(ends | {"x0": x, "x1": x} for x in places)


def _mark_warnings(layout: dict[str, Any], setting_changes: Sequence[tuple[float, str]]) -> None:
    """Add an amber line for each piece of evidence, with a triangle at its foot that tells it when pointed at."""
    line = {"color": "role:warning/0.8", "width": 1.5}
    place: dict[str, Any] = {"xref": "x", "yref": "paper", "yanchor": "bottom", "xanchor": "center"}
    for x, text in setting_changes:
        ends = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": line, "layer": "below"}
        layout["shapes"].append(ends | {"x0": x, "x1": x})
        sign = _note("▲", x, 0, hovertext=text, **place)
        layout["annotations"].append(sign | {"font": {"size": 14, "color": "role:warning"}})


def _label_changes(layout: dict[str, Any], setting_changes: Sequence[tuple[float, str]]) -> None:
    """Write what changed along each dotted line; the whole of a long text shows when it is pointed at."""
    place: dict[str, Any] = {"xref": "x", "yref": "paper", "xanchor": "left", "yanchor": "top", "textangle": 90}
    for x, text in setting_changes:
        short = text if len(text) <= 30 else text[:29] + "…"
        layout["annotations"].append(_note(short, x, 1, hovertext=text, **place))


def _note(text: str, x: float, y: float, **place: Any) -> dict[str, Any]:
    font = {"size": 11, "color": "role:text/0.7"}
    return {"text": text, "xref": "paper", "x": x, "y": y, "showarrow": False, "font": font, "borderpad": 0} | place


def _spoken(title: str, history: History, curves: Sequence[_Curve], warnings: Sequence[SettingChange]) -> str:
    """The chart's last values and its warnings in words, for those who cannot see it."""
    if len(history.step) == 0:
        return f"{title}: no steps yet"
    values = ", ".join(f"{curve.name} {curve.values[-1]:.3g}" for curve in curves)
    told = "".join(f"; warning at step {mark.step}: {mark.text}" for mark in warnings)
    return f"{title} at step {int(history.step[-1])}: {values}{told}"


def overlaid(title: str, curves: Sequence[tuple[int, BandedCurve]], unit: str, log: bool = False) -> Figure:
    """Several things compared: of each a line with its band, in the look of its place among them.

    Args:
        curves: the place of each, which gives its hue and dash, and the curve.
        unit: what stands below: "steps".
    """
    positive = all(not np.any(curve.low <= 0) for _, curve in curves)
    log = log and positive
    layout: dict[str, Any] = {
        "legend": {"title": {"text": title}},
        "xaxis": {"title": {"text": unit}, "tickformat": "~s", "hoverformat": ",.6~r"},
        "yaxis": {"type": "log" if log else "linear", "nticks": 6, "tickformat": "~g"},
        "hovermode": "x unified",
        "hoverdistance": -1,
        "meta": _spoken_of_all(title, curves),
        "shapes": [],
        "annotations": [],
    }
    if not curves:
        layout["xaxis"] |= {"range": [0, 1], "showticklabels": False}
        layout["annotations"].append(_note("nothing was measured yet", 0.5, 0.5, yref="paper"))
    return {"data": [trace for place, curve in curves for trace in _banded(place, curve)], "layout": layout}


def _banded(place: int, curve: BandedCurve) -> list[dict[str, Any]]:
    """The edges of the band, then the line."""
    role, dash = look_of(place)
    common = {"type": "scatter", "mode": "lines", "legendgroup": curve.variant, "x": packed(curve.x)}
    edge = common | {"showlegend": False, "hoverinfo": "skip", "line": {"width": 0, "color": f"role:{role}/0"}}
    few = "lines+markers" if len(curve.x) <= _FEW else "lines"  # a single judgement makes no line
    return [
        edge | {"uid": f"{curve.variant}-low", "y": packed(curve.low)},
        edge
        | {
            "uid": f"{curve.variant}-high",
            "y": packed(curve.high),
            "fill": "tonexty",
            "fillcolor": f"role:{role}/0.16",
        },
        common
        | {
            "uid": curve.variant,
            "mode": few,
            "name": curve.title,
            "y": packed(curve.median),
            "line": {"color": f"role:{role}", "width": 2, "dash": dash},
            "marker": {"size": 5},
            "hovertemplate": f"{curve.title} %{{y:.3~g}}<extra></extra>",
        },
    ]


def _spoken_of_all(title: str, curves: Sequence[tuple[int, BandedCurve]]) -> str:
    values = ", ".join(f"{curve.title} {curve.median[-1]:.3g}" for _, curve in curves if len(curve.median))
    return f"{title} at the end: {values}" if values else f"{title}: nothing yet"

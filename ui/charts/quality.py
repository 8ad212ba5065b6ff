"""The quality of a run over its steps, as a plotly figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ui.charts.curves import Figure, Unit, add_level, axes, mark_changes, mark_warnings, note, position, show_empty
from ui.charts.series import packed
from ui.formatting import short

if TYPE_CHECKING:
    from gan_core.session.snapshot import SettingChange
    from gan_core.training.history import History

Array = NDArray[Any]
_LARGE_RATIO = 10  # of the largest to the smallest value; the axis is then logarithmic
_FEW = 30  # a curve with at most this many points also shows a marker at each


@dataclass(frozen=True, eq=False)
class QualityCurve:
    """One metric of the evaluations of a run: arrays of equal length, oldest first."""

    label: str  # of the metric
    step: Array
    value: Array
    low: Array  # 95 % interval; NaN if there is none
    high: Array
    real: float | None = None  # score of real data
    word: str = ""  # "good", "fair" or "poor": the last value


def quality(
    history: History,
    curve: QualityCurve,
    unit: Unit = "step",
    absent: str = "",
    setting_changes: Sequence[SettingChange] = (),
    warnings: Sequence[SettingChange] = (),
) -> Figure:
    """A metric with its interval as a band, a dashed line at the score of real data, and the last value in words.

    Args:
        absent: the text of a chart without values: when the first one comes, or why there is none.
        warnings: steps at which the metric shows a failure, with their texts.
    """
    values = np.concatenate([curve.value, [] if curve.real is None else [curve.real]])
    log = bool(len(values)) and values.min() > 0 and values.max() / values.min() >= _LARGE_RATIO
    layout = axes("Quality", unit, log, _description(curve, absent, warnings))
    figure: Figure = {"data": _traces(history, curve, unit), "layout": layout}
    add_level(figure, history, unit, curve.real if len(curve.value) else None, "real", "real data")
    if not len(curve.value):
        show_empty(layout, absent)
        layout["yaxis"]["showticklabels"] = False
        return figure
    if log:
        layout["yaxis"]["dtick"] = "D2" if values.max() / values.min() < 100 else 1  # at 1, 2, 5, 10 or at 1, 10, 100
    first, last = getattr(history, unit)[[0, -1]].tolist()
    layout["xaxis"]["autorangeoptions"] = {"clipmin": first, "clipmax": last, "include": [first, last]}
    mark_changes(layout, [position(history, mark.step, unit) for mark in setting_changes])
    mark_warnings(layout, [(position(history, mark.step, unit), mark.text) for mark in warnings])
    shown = f"{short(curve.value[-1])}{f', {curve.word}' if curve.word else ''}"
    last_value = note(shown, 1, 1, yref="paper", xanchor="right", yanchor="top", bgcolor="role:background/0.8")
    layout["annotations"].append(last_value | {"font": {"size": 14, "color": "role:generator"}})
    return figure


def _traces(history: History, curve: QualityCurve, unit: Unit) -> list[dict[str, Any]]:
    """The two edges of the band, which are empty without intervals, and the line."""
    x = np.array([position(history, step, unit) for step in curve.step.tolist()])
    steps = {} if unit == "step" else {"customdata": packed(curve.step)}
    common = {"type": "scatter", "mode": "lines", "legendgroup": "quality"}
    edge = common | {"showlegend": False, "hoverinfo": "skip", "line": {"width": 0, "color": "role:generator/0"}}
    known = np.isfinite(curve.low) & np.isfinite(curve.high)
    low = edge | {"uid": "quality-low", "x": packed(x[known]), "y": packed(curve.low[known])}
    high = edge | {"uid": "quality-high", "x": packed(x[known]), "y": packed(curve.high[known])}
    line = {
        "uid": "quality",
        "name": curve.label,
        "mode": "lines+markers" if len(x) <= _FEW else "lines",
        "x": packed(x),
        "y": packed(curve.value),
        "line": {"color": "role:generator", "width": 1.75},
        "marker": {"size": 5},
        "hovertemplate": "%{fullData.name} %{y:.3~g}<extra></extra>",
    }
    return [low, high | {"fill": "tonexty", "fillcolor": "role:generator/0.2"}, common | line | steps]


def _description(curve: QualityCurve, absent: str, warnings: Sequence[SettingChange]) -> str:
    """The last value and the warnings in words, for screen readers."""
    if not len(curve.value):
        return f"Quality: {absent}"
    real = f", real data {short(curve.real)}" if curve.real is not None else ""
    word = f", {curve.word}" if curve.word else ""
    noted = "".join(f"; warning at step {mark.step}: {mark.text}" for mark in warnings)
    return f"Quality at step {int(curve.step[-1])}: {curve.label} {short(curve.value[-1])}{word}{real}{noted}"

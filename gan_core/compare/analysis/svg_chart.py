"""Curves as SVG, for a report that needs nothing but a browser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from gan_core.compare.analysis.results import Curve, X

# Okabe and Ito's hues that belong to no role, as on the screen; the second four are dashed, and so on
COLOURS = ("#1F272E", "#3AA0DC", "#9C8B00", "#C0629A")
_DASHES = ("", "7 4", "2 3", "7 3 2 3")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 480, 310, 62, 10, 34, 46


def chart(curves: Sequence[Curve], label: str, x: X, log: bool = False) -> str:
    """The curves with their bands, axes and a legend: an <svg> element. `log` is for figures above 0."""
    curves = [curve for curve in curves if np.isfinite(curve.median).any()]
    if not curves:
        return f"<p class=quiet>No {escape(label)} yet.</p>"
    values = np.concatenate([part for curve in curves for part in (curve.low, curve.high)])
    values = values[np.isfinite(values) & ((values > 0) | (not log))]
    xs = np.concatenate([curve.x for curve in curves])
    across = _Scale(0.0, float(xs.max()) or 1.0, _LEFT, _WIDTH - _RIGHT)
    up = _Scale(float(values.min()), float(values.max()), _HEIGHT - _BOTTOM, _TOP, log)
    parts = [_axes(across, up, label, x)]
    for k, curve in enumerate(curves):
        colour = COLOURS[k % len(COLOURS)]
        edge = [*zip(curve.x, curve.high, strict=True), *list(zip(curve.x, curve.low, strict=True))[::-1]]
        parts.append(f'<polygon points="{_points(edge, across, up)}" fill="{colour}" opacity=".15"/>')
        line = _points(list(zip(curve.x, curve.median, strict=True)), across, up)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8"{_dashes(k)}/>')
    parts.append(_legend(curves))
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT + 18 * (len(curves) // 4)}" width="{_WIDTH}"'
    named = f'role="img" aria-label="{escape(label)} by {x}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {named} {size}>{"".join(parts)}</svg>'


class _Scale:
    """From values to pixels, straight or by logarithm."""

    def __init__(self, low: float, high: float, begin: float, end: float, log: bool = False) -> None:
        self.log = log and low > 0
        self.low, self.high = (low, high) if high > low else (low - 0.5 * abs(low) - 0.5, high + 0.5 * abs(high) + 0.5)
        if self.log and self.low <= 0:
            self.log = False
        self._a, self._b = self._of(self.low), self._of(self.high)
        self._begin, self._end = begin, end

    def _of(self, value: float) -> float:
        return math.log(max(value, 1e-12)) if self.log else value

    def __call__(self, value: float) -> float:
        share = (self._of(value) - self._a) / (self._b - self._a)
        return self._begin + min(1.0, max(0.0, share)) * (self._end - self._begin)

    def ticks(self) -> list[float]:
        """A handful of round numbers within."""
        if self.log:
            whole = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            found = [m * 10.0**e for e in whole for m in (1, 2, 5)]
        if not self.log or sum(self.low <= tick <= self.high for tick in found) < 2:
            step = 10 ** math.floor(math.log10((self.high - self.low) / 3))
            step = next(k * step for k in (1, 2, 5, 10) if (self.high - self.low) / (k * step) <= 6)
            found = [k * step for k in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]
        return [tick for tick in found if self.low <= tick <= self.high]


def _points(pairs: Sequence[tuple[float, float]], across: _Scale, up: _Scale) -> str:
    return " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in pairs if math.isfinite(y))


def _dashes(k: int) -> str:
    """How the kth line is drawn, as an attribute."""
    dashes = _DASHES[k // len(COLOURS) % len(_DASHES)]
    return f' stroke-dasharray="{dashes}"' if dashes else ""


def _axes(across: _Scale, up: _Scale, label: str, x: X) -> str:
    floor = _HEIGHT - _BOTTOM
    parts = [f'<text x="{_LEFT}" y="14">{escape(label)}{", log scale" if up.log else ""}</text>']
    for tick in up.ticks():
        y = up(tick)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.3g}</text>')
    for tick in across.ticks():
        parts.append(f'<text x="{across(tick):.1f}" y="{floor + 16}" text-anchor="middle">{tick:,.6g}</text>')
    parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{floor}" y2="{floor}" stroke="#888"/>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="14" text-anchor="end">by {x}</text>')
    return "".join(parts)


def _legend(curves: Sequence[Curve]) -> str:
    parts, each = [], (_WIDTH - _LEFT) / 4
    for k, curve in enumerate(curves):
        x, y = _LEFT + each * (k % 4), _HEIGHT - 12 + 18 * (k // 4)
        colour = COLOURS[k % len(COLOURS)]
        ends = f'x1="{x:.0f}" x2="{x + 16:.0f}" y1="{y - 4}" y2="{y - 4}"'
        parts.append(f'<line {ends} stroke="{colour}" stroke-width="3"{_dashes(k)}/>')
        parts.append(f'<text x="{x + 20:.0f}" y="{y}">{escape(curve.title[:18])}</text>')
    return "".join(parts)

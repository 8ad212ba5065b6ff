"""The charts of the report: curves with bands, drawn by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from gan_core.compare.analysis.results import Curve, X

COLOURS = ("#1F272E", "#3AA0DC", "#9C8B00", "#C0629A")  # as in the app: none is the colour of G, D or real data
_DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)), (0, (4, 1.5, 1, 1.5)))  # the second four variants are dashed, and so on
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def svg(curves: Sequence[Curve], label: str, x: X, log: bool = False) -> bytes:
    """The curves with their bands and a legend, as an SVG file. With `log`, y must be positive."""
    from matplotlib.figure import Figure  # loads slowly, so only when a report is written
    from matplotlib.ticker import AutoLocator, FuncFormatter, LogLocator, NullLocator

    figure = Figure(figsize=(5, 3.3), layout="constrained")
    axes = figure.add_subplot()
    if log:
        axes.set_yscale("log")
    lines = []
    for index, curve in enumerate(curves):
        colour, dashes = COLOURS[index % len(COLOURS)], _DASHES[index // len(COLOURS) % len(_DASHES)]
        axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
        lines += axes.plot(curve.x, curve.median, color=colour, linestyle=dashes, linewidth=1.8)
    axes.set_xlim(0, max(float(np.max(curve.x)) for curve in curves) or 1.0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)) if log else AutoLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_title(f"{label}{', log scale' if log else ''}", loc="left", fontsize="medium")
    axes.set_xlabel(x)
    axes.grid(axis="y", color="#dddddd")
    axes.spines[["top", "left", "right"]].set_visible(False)
    titles = [curve.title[:18].replace("$", r"\$") for curve in curves]  # "$" would begin a formula
    figure.legend(lines, titles, loc="outside lower center", ncols=4, frameon=False, fontsize="small")
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata=_NO_METADATA)
    return file.getvalue()

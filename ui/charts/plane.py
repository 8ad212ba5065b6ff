"""The layered view of a GAN on 2-D data, as a plotly figure.

From bottom to top: D's score over the plane with the contour of its middle value, G's image of a grid of latents, real
points, generated points, and at each generated point the descent direction of the generator's loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ui.charts.curves import Figure
from ui.charts.series import packed

if TYPE_CHECKING:
    from gan_core.training.plane_view import Plane

Array = NDArray[Any]
SHADES = (0.15, 0.3, 0.5, 0.8)  # opacities of the latent grid, from low to high density
REACH = 0.09  # longest gradient arrow, as a share of the plane's width


def layered_view(
    plane: Plane,
    real: Array,
    generated: Array,
    score_range: tuple[float, float] = (0.0, 1.0),
    score_name: str = "D(x)",
    warning: str = "",
) -> Figure:
    """Every layer of the plane, each with a legend entry that shows or hides it.

    The axes have equal scales and the fixed range `plane.extent`, so that nothing jumps between updates.

    Args:
        real: (m, 2) true points.
        generated: (n, 2) generated points, in the order of `plane.gradient`.
        score_range: the scores that are drawn in the full colours of "fake" and "real".
        warning: text over the points, or "".
    """
    reach = REACH * float(plane.extent[1] - plane.extent[0])
    points = [_dots("real", "real", real, 4.5), _dots("generated", "generator", generated, 5.5)]
    below = _surface(plane, score_range, score_name) + _latent_grid(plane.grid, plane.density)
    description = f"{len(real)} real and {len(generated)} generated points on D's surface"
    layout = _frame(plane.extent, f"{description}; warning: {warning}" if warning else description)
    layout["annotations"] = [_corner_text(f"▲ {warning}")] if warning else []
    return {"data": [*below, *points, _arrows(generated, plane.gradient, reach)], "layout": layout}


def _corner_text(text: str) -> dict[str, Any]:
    corner = {"xref": "paper", "yref": "paper", "x": 0.02, "y": 0.99, "xanchor": "left", "yanchor": "top"}
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": "role:warning"}} | corner


def points_only(points: Array, extent: Array) -> Figure:
    """Real points (n, 2) alone. `extent` is (x min, x max, y min, y max), as in the layered view."""
    return {"data": [_dots("real", "real", points, 4.5)], "layout": _frame(extent, f"{len(points)} real points")}


def clouds(real: Array, generated: Array, extent: Array) -> Figure:
    """Real and generated points only, as a small chart."""
    dots = _dots("real", "real", real, 3), _dots("generated", "generator", generated, 3.5)
    layout = _frame(extent, f"{len(real)} real and {len(generated)} generated points")
    for axis in ("xaxis", "yaxis"):
        layout[axis] |= {"showticklabels": False, "showgrid": True}
    margin = {"l": 2, "r": 2, "t": 2, "b": 2}
    return {"data": [trace | {"showlegend": False} for trace in dots], "layout": layout | {"margin": margin}}


def _frame(extent: Array, description: str) -> dict[str, Any]:
    """Axes of equal scale over the fixed range `extent`."""
    xmin, xmax, ymin, ymax = map(float, extent)
    axis = {"zeroline": False, "showgrid": False, "nticks": 7, "constrain": "domain", "hoverformat": ".2f"}
    return {
        "xaxis": axis | {"range": [xmin, xmax]},
        "yaxis": axis | {"range": [ymin, ymax], "scaleanchor": "x"},
        "hovermode": "closest",
        "margin": {"l": 26, "r": 8, "t": 8, "b": 22},
        "meta": description,
    }


def _surface(plane: Plane, score_range: tuple[float, float], score_name: str) -> list[dict[str, Any]]:
    """D's score as a heat map, and a dotted contour at the middle of its range."""
    low, high = score_range
    xmin, xmax, ymin, ymax = map(float, plane.extent)
    rows, columns = plane.surface.shape
    steps = {"x0": xmin, "dx": (xmax - xmin) / (columns - 1), "y0": ymin, "dy": (ymax - ymin) / (rows - 1)}
    place = steps | {"z": packed(plane.surface), "legendgroup": "surface"}
    heat = {
        "type": "heatmap",
        "uid": "surface",
        "name": score_name,
        "showlegend": True,
        "colorscale": "scale:score",
        "zmin": low,
        "zmax": high,
        "zsmooth": "fast",
        "opacity": 0.55,
        "showscale": False,
        "hovertemplate": "%{fullData.name} %{z:.3~g}<extra></extra>",
    }
    middle = (low + high) / 2
    line = {
        "type": "contour",
        "uid": "middle",
        "showlegend": False,
        "showscale": False,
        "hoverinfo": "skip",
        "contours": {"start": middle, "end": middle, "size": high - low, "coloring": "none"},
        "line": {"color": "role:text/0.5", "width": 1, "dash": "dot"},
    }
    return [heat | place, line | place]


def _latent_grid(grid: Array, density: Array) -> list[dict[str, Any]]:
    """The lines between neighbours of the grid, one trace for each opacity; dense parts are more opaque.

    The opacity follows d / (d + median d) of the mean density d beside a line, which is independent of the scale. The
    grid is empty for latents of more than two dimensions.
    """
    if grid.size == 0:
        return []
    ahead, aside = (np.pad(density, pad, mode="edge") for pad in (((1, 1), (0, 0)), ((0, 0), (1, 1))))
    starts = np.concatenate([grid[:, :-1].reshape(-1, 2), grid[:-1].reshape(-1, 2)])
    ends = np.concatenate([grid[:, 1:].reshape(-1, 2), grid[1:].reshape(-1, 2)])
    dense = np.concatenate([((ahead[1:] + ahead[:-1]) / 2).ravel(), ((aside[:, 1:] + aside[:, :-1]) / 2).ravel()])
    level = (dense / (dense + np.median(dense) + 1e-12) * len(SHADES)).astype(int)
    return [
        _strokes(np.stack([starts[level == i], ends[level == i]], axis=1))
        | {
            "uid": f"grid-{i}",
            "name": "latent grid",
            "legendgroup": "grid",
            "showlegend": i == len(SHADES) - 1,
            "line": {"color": f"role:generator/{opacity}", "width": 1},
        }
        for i, opacity in enumerate(SHADES)
    ]


def _dots(name: str, role: str, points: Array, size: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": name,
        "name": name,
        "hoverinfo": "skip",
        "marker": {"color": f"role:{role}", "size": size, "line": {"color": "role:background/0.8", "width": 0.75}},
    } | _coordinates(points)


def _arrows(points: Array, vectors: Array, reach: float) -> dict[str, Any]:
    """An arrow at each point along its vector v, of length reach * |v| / (1 + |v|).

    The bound keeps the arrows of a steep D short, without a scale that would jump between updates.
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    along = reach * vectors / (1 + length)
    tips = points + along
    across = along[:, ::-1] * (-1, 1)
    left, right = tips - 0.35 * along + 0.2 * across, tips - 0.35 * along - 0.2 * across
    return _strokes(np.stack([points, tips, left, tips, right], axis=1)) | {
        "uid": "pull",
        "name": "G's gradient",
        "line": {"color": "role:text/0.7", "width": 1.1},
    }


def _strokes(paths: Array) -> dict[str, Any]:
    """Lines through the points of each path, (paths, points, 2), as one trace with NaN between the paths."""
    points = np.pad(paths.astype(float), ((0, 0), (0, 1), (0, 0)), constant_values=np.nan).reshape(-1, 2)
    return {"type": "scatter", "mode": "lines", "hoverinfo": "skip"} | _coordinates(points)


def _coordinates(points: Array) -> dict[str, Any]:
    return {"x": packed(points[:, 0]), "y": packed(points[:, 1])}

"""The panels below the main picture. One is open at a time, so that only that one is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gan_core.latent import Model
from ui.latent import across_checkpoints, arithmetic, interpolate, inversion, nearest_images, saliency, seed_grid
from ui.latent.controls import view_choice
from ui.latent.sources import Source
from ui.latent.view import LatentView


@dataclass(frozen=True)
class Panel:
    """One panel: its name, its icon, the function that draws it, and whether it is for 2-D models too."""

    label: str
    icon: str
    draw: Callable[[LatentView, Source, Model], None]
    of_points: bool = True


PANELS = {
    "wall": Panel("Wall", "grid_view", seed_grid.panel),
    "interpolate": Panel("Interpolate", "timeline", interpolate.panel),
    "arithmetic": Panel("Arithmetic", "calculate", arithmetic.panel),
    "invert": Panel("Invert", "search", inversion.panel, of_points=False),
    "memorised": Panel("Memorised?", "content_copy", nearest_images.panel),
    "eye": Panel("D's eye", "visibility", saliency.panel, of_points=False),
    "time": Panel("Across time", "movie", across_checkpoints.panel),
}


def fit_to(view: LatentView, model: Model) -> LatentView:
    """The view with a panel that this model has."""
    return view if view.panel in _labels(model) else replace(view, panel=LatentView.panel)


def panel(view: LatentView, source: Source, model: Model) -> None:
    """The choice of panel, and the chosen one."""
    labels = _labels(model)
    ids = {label: id for id, label in labels.items()}
    show = labels[view.panel]
    view_choice("Panel", list(ids), "latent.panel", show, lambda view, label: replace(view, panel=ids[label]))
    PANELS[view.panel].draw(view, source, model)


def _labels(model: Model) -> dict[str, str]:
    of_points = model.config.dataset.kind == "points"
    return {id: f":material/{p.icon}: {p.label}" for id, p in PANELS.items() if p.of_points or not of_points}

"""The panels under the stage: one is open at a time, so that only that one is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from gan_core.latent import Model
from ui.latent import across_checkpoints, arithmetic, interpolate, inversion, nearest_images, saliency, seed_grid, state
from ui.latent.sources import Source
from ui.widgets import show_value


@dataclass(frozen=True)
class Panel:
    """One panel: its name, icon, what draws it, and which kinds of data it is for."""

    label: str
    icon: str
    show: Callable[[Source, Model], None]
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


def show(source: Source, model: Model) -> None:
    """The choice of panel, and the chosen one."""
    here = state.tab()
    kind = model.config.dataset.kind
    words = {f":material/{p.icon}: {p.label}": id for id, p in PANELS.items() if p.of_points or kind != "points"}
    labels = {id: word for word, id in words.items()}
    if here.panel not in labels:
        here.panel = next(iter(labels))
    show_value("latent.panel", labels[here.panel])

    def choose() -> None:
        here.panel = words[st.session_state["latent.panel"]]

    st.segmented_control(
        "Panel", list(words), key="latent.panel", required=True, label_visibility="collapsed", on_change=choose
    )
    PANELS[here.panel].show(source, model)
    state.write_url()

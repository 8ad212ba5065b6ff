"""The sliders: the choice of their directions, the directions' names, and the strips beneath them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from gan_core import latent
from gan_core.latent import DIRECTIONS, Model
from gan_core.runs import direction_names
from ui.components.latent_sliders import Slider, latent_sliders
from ui.formatting import plain, short
from ui.latent import state, strips
from ui.latent.controls import arrow, view_choice
from ui.latent.latent_point import direction
from ui.latent.sources import Source
from ui.latent.view import SLIDERS, LatentView

_COLUMNS = {8: 2, 16: 4}
_REACH = {"normal": 3.0, "uniform": 1.0}  # how far a slider moves the latent either way, by the distribution of z
_SHORT = {"attributes": "Rest", "pca": "PC", "sefa": "SeFa", "raw": "z"}


def panel(view: LatentView, source: Source, model: Model) -> None:
    """The kind of direction and its pages above, the sliders below."""
    kind, basis = view.kind(model), view.basis(model)
    size = SLIDERS[kind]
    first, last = view.page * size, min((view.page + 1) * size, model.z_size)
    _head(view, basis, first, last)
    found = latent.directions(basis, kind, last)
    names = direction_names.names_of(source.name_folders, kind, found.vectors[first:])
    sliders = [
        Slider(
            f"{kind}.{i}",
            f"{_SHORT[kind]} {i + 1}",
            names[i - first],
            round(view.point.moves.get(f"{kind}.{i}", 0.0), 4),
            f"Type to name it. {found.about} Strength {short(float(found.strength[i]))}.",
        )
        for i in range(first, last)
    ]
    ids, reach = [slider.id for slider in sliders], _REACH[model.config.latent.distribution]
    shown = view.strips
    if shown is None or not shown.show(ids, model, view.point, view.dragging):
        shown = strips.compute(ids, model, basis, view.point, reach)
        state.write(replace(view, strips=shown))
    latent_sliders(
        sliders,
        "latent-sliders",
        reach,
        shown.pictures,
        strips.STEPS,
        view.start,
        view.message,
        shown.version,
        view.strips_in_browser,
        columns=_COLUMNS[size] if model.config.dataset.kind == "images" else 1,
        on_move=state.change_here(move),
        on_rest=state.change(rest),
        on_name=lambda id, name: name_direction(source, basis, id, name),
    )


def _head(view: LatentView, basis: Model, first: int, last: int) -> None:
    kinds = {method.label: kind for kind, method in DIRECTIONS.items() if kind in latent.kinds(basis)}
    total = basis.z_size

    def turn(by: int) -> Callable[..., None]:
        return state.change_here(lambda view: replace(view, page=view.page + by))

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="latent-directions"):
        view_choice(
            "Directions",
            list(kinds),
            "latent.kind",
            DIRECTIONS[view.kind(basis)].label,
            lambda view, name: replace(view, directions=kinds[name], page=0),
            "\n\n".join(f"**{label}**: {DIRECTIONS[kind].about}" for label, kind in kinds.items()),
        )
        if first > 0 or last < total:
            arrow("Previous sliders", "left", first == 0, "sliders", turn(-1))
            st.caption(f"{first + 1:,} to {last:,} of {total:,}", width="content")
            arrow("Next sliders", "right", last == total, "sliders", turn(1))
        st.button(
            "Reset all",
            icon=":material/restart_alt:",
            type="tertiary",
            disabled=not view.point.moves,
            on_click=state.change(lambda view: view.at(replace(view.point, moves={}))),
            help="All sliders back to 0, on every page",
        )


def move(view: LatentView, moves: Mapping[str, float], start: int, message: int, version: int) -> LatentView:
    """The view while a slider is dragged. All moves until it rests are one step for undo.

    A move that started from another point, before "Reset all" for example, comes too late and has no effect.
    """
    if start == view.start:
        point = view.point.moved(moves)
        view = replace(view if view.dragging else view.at(point), point=point, start=start, dragging=True)
    return replace(view, message=message, strips_in_browser=version)


def rest(view: LatentView, moves: Mapping[str, float], start: int, message: int, version: int) -> LatentView:
    """The view when a slider rests."""
    return replace(move(view, moves, start, message, version), dragging=False)


def name_direction(source: Source, basis: Model, id: str, name: str) -> None:
    """Keep a name for the direction `id` of the model; "" deletes it. A disk that refuses is reported in a toast."""
    folder = source.name_folders[-1]
    try:
        if source.shipped:
            folder.mkdir(parents=True, exist_ok=True)
        direction_names.set_name(folder, id.split(".")[0], direction(basis, id), name)
    except OSError as error:
        st.toast(
            f"The name was not saved with the run: {plain(str(error.strerror))}. Is its folder still there?", icon="⚠️"
        )

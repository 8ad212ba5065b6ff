"""The sliders: which directions they follow, what these are called, and the strips beneath them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
import torch

from gan_core import latent
from gan_core.latent import DIRECTIONS, Model
from gan_core.runs import direction_names
from ui.components.latent_sliders import Slider, latent_sliders
from ui.latent import plane_frame, state
from ui.latent.latent_point import LatentPoint, direction
from ui.latent.sources import Source
from ui.widgets import show_value

STEPS = 7  # pictures of a strip
_PAGE = {"pca": 8, "sefa": 8, "raw": 16}  # sliders of a page
_COLUMNS = {8: 2, 16: 4}
_REACH = {"normal": 3.0, "uniform": 1.0}  # of z's prior: what a slider can add either way
_WORDS = {"pca": "PC", "sefa": "SeFa", "raw": "z"}
_FRESH = 2.0  # seconds for which strips of a running session stay
_WIDEST = 64  # pixels of a strip's picture


@dataclass(frozen=True, eq=False)
class _Strips:
    """The strips as last made."""

    ids: list[str]
    model: Model
    latent_point: LatentPoint
    pictures: np.ndarray  # (len(ids) * STEPS, H, W, C) uint8, or points in [0, 1]
    made: float  # seconds, on the monotonic clock

    @property
    def version(self) -> int:
        return round(1000 * self.made)

    def still_show(self, model: Model, latent_point: LatentPoint) -> bool:
        return latent_point is self.latent_point and (model is self.model or time.monotonic() - self.made < _FRESH)


def panel(source: Source, model: Model) -> None:
    """The kind of direction and its pages above, the sliders below."""
    here = state.tab()
    here.kind = here.kind if here.kind in DIRECTIONS else "pca"
    size = _PAGE[here.kind]
    pages = -(-model.z_size // size)
    here.page = min(here.page, pages - 1)
    _head(pages, size, model.z_size)
    direction_basis = state.direction_basis(model)
    first, last = here.page * size, min((here.page + 1) * size, model.z_size)
    vectors = latent.directions(direction_basis, here.kind, last)
    called = direction_names.of(source.run.path, here.kind, vectors.vectors[first:])
    latent_point = state.latent_point()
    ids = [f"{here.kind}.{i}" for i in range(first, last)]
    shown = [
        Slider(
            id,
            f"{_WORDS[here.kind]} {first + i + 1}",
            called[i],
            round(latent_point.moves.get(id, 0.0), 4),
            f"Type to name it. {vectors.about} Strength {float(vectors.strength[first + i]):.3g}.",
        )
        for i, id in enumerate(ids)
    ]
    reach = _REACH[model.config.latent.distribution]
    strips = _strips(model, direction_basis, ids, reach)
    latent_sliders(
        shown,
        "latent-sliders",
        reach,
        strips.pictures,
        STEPS,
        here.answered,
        strips.version,
        here.held,
        columns=_COLUMNS[size] if model.config.dataset.kind == "images" else 1,
        on_move=_move,
        on_rest=state.then(_rest),
        on_name=lambda id, name: _name(source, direction_basis, id, name),
    )


def _head(pages: int, size: int, total: int) -> None:
    here = state.tab()
    kinds = {method.label: kind for kind, method in DIRECTIONS.items()}
    labels = {kind: label for label, kind in kinds.items()}
    show_value("latent.kind", labels[here.kind])

    def choose() -> None:
        here.kind, here.page = kinds[st.session_state["latent.kind"]], 0

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="latent-directions"):
        st.segmented_control(
            "Directions",
            list(kinds),
            key="latent.kind",
            required=True,
            label_visibility="collapsed",
            on_change=choose,
            help="\n\n".join(f"**{method.label}**: {method.about}" for method in DIRECTIONS.values()),
        )
        if pages > 1:
            low = here.page * size + 1
            _arrow("Previous sliders", "chevron_left", -1, disabled=here.page == 0)
            st.caption(f"{low} to {min(low + size - 1, total)} of {total}", width="content")
            _arrow("Next sliders", "chevron_right", 1, disabled=here.page == pages - 1)
        st.button(
            "Reset all",
            icon=":material/restart_alt:",
            type="tertiary",
            disabled=not state.latent_point().moves,
            on_click=state.then(lambda: state.go(replace(state.latent_point(), moves={}))),
            help="All sliders back to 0, on every page",
        )


def _arrow(label: str, icon: str, by: int, disabled: bool) -> None:
    def turn() -> None:
        state.tab().page += by

    st.button(
        label,
        key=f"icon-{icon}",
        icon=f":material/{icon}:",
        type="tertiary",
        disabled=disabled,
        on_click=turn,
        help=label,
    )


def _strips(model: Model, direction_basis: Model, ids: list[str], reach: float) -> _Strips:
    """Where each slider leads from the current latent_point.

    While a slider is dragged they stay those of the point where it last rested; those of a running session are made
    anew now and then only, for they take much longer than the picture and its training needs that time.
    """
    here, latent_point = state.tab(), state.latent_point()
    kept: _Strips | None = st.session_state.get("latent.strips")
    if kept is not None and kept.ids == ids and (here.dragging or kept.still_show(model, latent_point)):
        return kept
    origin = latent_point.z(direction_basis)
    far = torch.linspace(-reach, reach, STEPS)
    z = torch.cat(
        [origin + torch.outer(far - latent_point.moves.get(id, 0.0), direction(direction_basis, id)) for id in ids]
    )  # a slider's own move is where its knob stands, so its strip begins anew from 0
    made = model.pictures(z, **latent_point.told(model))
    if made.ndim == 2:
        made = plane_frame.in_frame(model, made)
    else:
        made = made[:, :: max(1, made.shape[1] // _WIDEST), :: max(1, made.shape[2] // _WIDEST)]
    strips = _Strips(ids, model, latent_point, made, time.monotonic())
    st.session_state["latent.strips"] = strips
    return strips


def _move(moves: Mapping[str, float], number: int, held: int) -> None:
    """A slider is on its way: only the picture follows."""
    here = state.tab()
    to = state.latent_point().moved(moves)
    if here.dragging:
        here.latent_point = to
    else:
        state.go(to)
    here.answered, here.held, here.dragging = number, held, True


def _rest(moves: Mapping[str, float], number: int, held: int) -> None:
    _move(moves, number, held)
    state.tab().dragging = False


def _name(source: Source, direction_basis: Model, id: str, name: str) -> None:
    try:
        direction_names.give(source.run.path, id.split(".")[0], direction(direction_basis, id), name)
    except OSError as error:
        st.toast(f"The name was not saved with the run: {error.strerror}. Is its folder still there?", icon="⚠️")

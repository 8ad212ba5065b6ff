"""The wall: many seeds at once, or variations of the current picture that keep what is locked."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from gan_core import latent
from gan_core.latent import Model
from gan_core.runs import direction_names
from ui.components import sample_grid
from ui.latent import state, thumbnails
from ui.latent.latent_point import SEEDS
from ui.latent.sources import Source
from ui.latent.state import PANEL, then

_SHOWN, _COLUMNS = 48, 16
_SEEDS, _VARIATIONS = "Seeds", "Variations"


def panel(source: Source, model: Model) -> None:
    """A grid of pictures; a click on one takes its latent."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="wall-head"):
        kind = st.segmented_control(
            "What hangs on the wall",
            [_SEEDS, _VARIATIONS],
            default=_SEEDS,
            required=True,
            key="wall.kind",
            label_visibility="collapsed",
        )
        first = int(st.session_state.get("wall.first", 0))
        _page("Earlier", "chevron_left", max(0, first - _SHOWN), disabled=first == 0)
        _page("More", "chevron_right", min(SEEDS - _SHOWN, first + _SHOWN), disabled=first + _SHOWN >= SEEDS)
        if kind == _SEEDS:
            st.caption(f"Seeds {first} to {first + _SHOWN - 1} · click one to take its latent", width="content")
            z = seeds(model, first)
            pictures = model.remember(_what_shows(first), lambda: thumbnails.pictures(model, z))
        else:
            z = _variations(source, model, first)
            pictures = thumbnails.pictures(model, z)
    sample_grid(
        pictures,
        "wall",
        columns=_COLUMNS,
        label="pictures on the wall",
        smallest=40,
        largest=72,
        names=[f"seed {first + i}" for i in range(len(z))] if kind == _SEEDS else (),
        selected=_selected(first) if kind == _SEEDS else None,
        on_pick=then((lambda i: state.take_seed(first + i, model)) if kind == _SEEDS else (lambda i: state.take(z[i]))),
    )


def seeds(model: Model, first: int) -> Tensor:
    """The latents of the seeds from `first` on: (_SHOWN, z_size)."""
    return torch.cat([latent.draw(model, 1, first + i) for i in range(_SHOWN)])


def _what_shows(first: int) -> tuple[object, ...]:
    """All that the pictures of seeds depend on; the latent of the current latent_point is not among it."""
    latent_point = state.latent_point()
    return "wall", first, latent_point.label, latent_point.psi, latent_point.partner, latent_point.mixed


def _variations(source: Source, model: Model, first: int) -> Tensor:
    """The current latent with everything drawn anew but the locked directions: (_SHOWN, z_size)."""
    here, direction_basis = state.tab(), state.direction_basis(model)
    found = latent.directions(direction_basis, here.kind, model.z_size)
    called = direction_names.of(source.run.path, here.kind, found.vectors)
    words = {i: called[i] or str(i + 1) for i in range(len(called))}
    locked = st.multiselect(
        "Keep",
        list(words),
        format_func=lambda i: words[i],
        key=f"wall.locked.{here.kind}",
        placeholder=f"keep no direction ({latent.DIRECTIONS[here.kind].label})",
        label_visibility="collapsed",
        width=340,
        help="How far the picture lies along these directions stays; the rest is drawn anew. The kind of direction is "
        "that of the sliders.",
    )
    basis = found.vectors  # (z_size, z_size), orthonormal: each row a direction
    along = state.latent_point().z(direction_basis) @ basis.T
    fresh = [latent.resample(along, locked, first + i, model) for i in range(_SHOWN)]
    return torch.stack(fresh) @ basis


def _selected(first: int) -> int | None:
    latent_point = state.latent_point()
    if latent_point.seed is None or latent_point.moves:
        return None
    index = latent_point.seed - first
    return index if 0 <= index < _SHOWN else None


def _page(label: str, icon: str, first: int, disabled: bool) -> None:
    def turn() -> None:
        st.session_state["wall.first"] = first

    st.button(
        label,
        key=f"icon-wall-{icon}",
        icon=f":material/{icon}:",
        disabled=disabled,
        help=label,
        on_click=then(turn, PANEL),
    )

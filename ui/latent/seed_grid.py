"""The seed grid: samples of many seeds, or variations of the current latent that keep chosen directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st
import torch
from torch import Tensor

from gan_core import latent
from gan_core.latent import Model
from gan_core.runs import direction_names
from ui.components import sample_grid
from ui.latent import state, thumbnails
from ui.latent.controls import arrow, choice
from ui.latent.latent_point import SEEDS
from ui.latent.sources import Source
from ui.latent.view import LatentView

_COUNT, _COLUMNS = 48, 16
_SEEDS, _VARIATIONS = "Seeds", "Variations"


def panel(view: LatentView, source: Source, model: Model) -> None:
    """A grid of pictures; a click on one takes its latent."""
    first, point = view.first_seed, view.point

    def turn(by: int) -> Callable[..., None]:
        seed = min(SEEDS - _COUNT, max(0, first + by))
        return state.change_panel(lambda view: replace(view, first_seed=seed))

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="seed-grid-head"):
        kind = choice("What hangs on the wall", [_SEEDS, _VARIATIONS], "seed-grid.kind")
        arrow("Earlier", "left", first == 0, "seed-grid", turn(-_COUNT))
        arrow("More", "right", first + _COUNT >= SEEDS, "seed-grid", turn(_COUNT))
        if kind == _VARIATIONS:
            z = _variations(view, source, model)
            pictures = thumbnails.images_of(model, view.samples(model, z))
        else:
            st.caption(f"Seeds {first:d} to {first + _COUNT - 1:d} · click one to take its latent", width="content")
            z = torch.cat([latent.draw(model, 1, first + i) for i in range(_COUNT)])
            inputs = ("seed grid", first, point.label, point.psi, point.partner, point.mixed)
            pictures = model.remember(inputs, lambda: thumbnails.images_of(model, view.samples(model, z)))

    index = -1 if point.seed is None or point.moves else point.seed - first
    sample_grid(
        pictures,
        "seed-grid",
        columns=_COLUMNS,
        label="pictures on the wall",
        smallest=40,
        largest=72,
        names=[f"seed {first + i}" for i in range(_COUNT)] if kind == _SEEDS else (),
        selected=index if kind == _SEEDS and 0 <= index < _COUNT else None,
        on_pick=state.change(
            lambda view, i: view.at_seed(first + i, model) if kind == _SEEDS else view.at_latent(z[i])
        ),
    )


def _variations(view: LatentView, source: Source, model: Model) -> Tensor:
    """Random latents that equal the current one along the chosen directions: (_COUNT, z_size)."""
    found = latent.directions(view.basis(model), view.kind(model), model.z_size)
    names = direction_names.names_of(source.name_folders, found.kind, found.vectors)
    kept = st.multiselect(
        "Keep",
        range(len(names)),
        format_func=lambda i: names[i] or str(i + 1),
        key=f"seed-grid.kept.{found.kind}",
        placeholder=f"keep no direction ({latent.DIRECTIONS[found.kind].label})",
        label_visibility="collapsed",
        width=340,
        help="How far the picture lies along these directions stays; the rest is drawn anew. The kind of direction is "
        "that of the sliders.",
    )
    basis = found.vectors  # (z_size, z_size), orthonormal rows
    along = view.z(model) @ basis.T
    return torch.stack([latent.resample(along, kept, view.first_seed + i, model) for i in range(_COUNT)]) @ basis

"""Latents picked for a panel: a button adds the current one, a click removes one."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from gan_core.latent import Model
from ui.components import sample_grid
from ui.latent import state, thumbnails
from ui.latent.view import LatentView


def picker(view: LatentView, model: Model, name: str, title: str, most: int = 8, largest: int = 64) -> Tensor:
    """Show the latents picked under `name` and let the user change them; returns them: (k, z_size)."""
    picked = view.picked.get(name, ())

    def add(view: LatentView) -> LatentView:
        return view.with_picked(name, (*view.picked.get(name, ()), view.z(model)))

    def remove(view: LatentView, index: int) -> LatentView:
        return view.with_picked(name, (z for i, z in enumerate(view.picked.get(name, ())) if i != index))

    with st.container(key=f"picked-{name}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(title, width="content")
            st.button(
                "Add",
                key=f"add-{name}",
                icon=":material/add:",
                help="Put the current picture here" if len(picked) < most else f"{most} at most",
                disabled=len(picked) >= most,
                on_click=state.change_panel(add),
            )
            if picked:
                st.button(
                    "Clear",
                    key=f"clear-{name}",
                    type="tertiary",
                    on_click=state.change_panel(lambda view: view.with_picked(name, ())),
                    help="Take all off",
                )
        if not picked:
            return torch.empty(0, model.z_size)
        latents = torch.stack(picked)
        sample_grid(
            thumbnails.images_of(model, view.samples(model, latents)),
            f"picked-grid-{name}",
            columns=most,
            label=f"pictures put aside for {title.strip('*')}; a click takes one off",
            smallest=40,
            largest=largest,
            on_pick=state.change_panel(remove),
        )
    return latents

"""Latents put aside for a panel: the current one goes on with a button, a click takes one off."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from gan_core.latent import Model
from ui.components import sample_grid
from ui.latent import state, thumbnails
from ui.latent.state import PANEL, then


def shelf(model: Model, name: str, title: str, most: int = 8, largest: int = 64) -> Tensor:
    """Show the latents on the shelf of this name and let some be put on it; all of them: (k, z_size)."""
    kept = state.tab().shelves.setdefault(name, [])

    def add() -> None:
        kept.append(state.latent_point().z(state.direction_basis(model)))

    def remove(index: int) -> None:
        if index < len(kept):
            del kept[index]

    with st.container(key=f"shelf-{name}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(title, width="content")
            st.button(
                "Add",
                key=f"add-{name}",
                icon=":material/add:",
                help="Put the current picture here" if len(kept) < most else f"{most} at most",
                disabled=len(kept) >= most,
                on_click=then(add, PANEL),
            )
            if kept:
                st.button(
                    "Clear", key=f"clear-{name}", type="tertiary", on_click=then(kept.clear, PANEL), help="Take all off"
                )
        if kept:
            sample_grid(
                thumbnails.pictures(model, torch.stack(kept)),
                f"shelved-{name}",
                columns=most,
                label=f"pictures put aside for {title.strip('*')}; a click takes one off",
                smallest=40,
                largest=largest,
                on_pick=then(remove, PANEL),
            )
    return torch.stack(kept) if kept else torch.empty(0, model.z_size)

"""The controls under the main picture: seed, undo, mirror and class; for a style-based G truncation and mixing."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from gan_core.latent import Model
from ui.latent import state
from ui.latent.latent_point import SEEDS
from ui.latent.view import LatentView
from ui.widgets import show_value

_SHORT = 40  # letters of all class names together that fit on one line


def panel(view: LatentView, model: Model) -> None:
    """Everything about the latent point except its sliders."""
    buttons: dict[str, tuple[str, str, Callable[[LatentView], LatentView]]] = {
        "New": ("casino", "The latent of another seed", lambda view: view.at_seed(secrets.randbelow(10_000), model)),
        "Undo": ("undo", "Back to the place before", LatentView.undone),
        "Mirror": ("flip", "The opposite latent, −z", lambda view: view.at_latent(-view.z(model))),
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="latent-seed-row"):
        show_value("latent.seed", view.point.seed)
        st.number_input(
            "Seed",
            0,
            SEEDS - 1,
            value=None,
            step=1,
            key="latent.seed",
            label_visibility="collapsed",
            placeholder="no seed",
            width=130,
            help="The seed that the latent was drawn from; the same seed gives the same latent for every model of its "
            "size",
            on_change=state.change(
                lambda view, seed: view if seed is None else view.at_seed(seed, model), "latent.seed"
            ),
        )
        for label, (icon, help, react) in buttons.items():
            disabled = label == "Undo" and not view.earlier
            st.button(label, icon=f":material/{icon}:", help=help, disabled=disabled, on_click=state.change(react))
    if model.classes:
        _class(view, list(model.classes))
    if model.layers:
        _style(view, model)


def _class(view: LatentView, names: list[str]) -> None:
    show_value("latent.class", names[view.point.label or 0])
    choose = state.change(lambda view, name: view.at(replace(view.point, label=names.index(name))), "latent.class")
    if len("".join(names)) <= _SHORT and len(names) <= 12:
        st.segmented_control("Class", names, key="latent.class", required=True, on_change=choose)
    else:
        st.selectbox("Class", names, key="latent.class", width=220, on_change=choose)


def _style(view: LatentView, model: Model) -> None:
    """Truncation, and the layers that take their style from another seed."""
    point, keys = view.point, ("latent.psi", "latent.partner", "latent.layers")
    layers = point.mixed if point.partner is not None else (0, model.layers)
    for key, value in zip(keys, (point.psi, point.partner, layers), strict=True):
        show_value(key, value)
    choose = state.change(
        lambda view, psi, partner, mixed: view.at(replace(view.point, psi=psi, partner=partner, mixed=tuple(mixed))),
        *keys,
    )
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    left.slider("Truncation ψ", 0.0, 1.0, step=0.05, key=keys[0], on_change=choose, help="0: the mean picture; 1: all")
    middle.number_input(
        "Mix styles of seed",
        0,
        SEEDS - 1,
        value=None,
        step=1,
        key=keys[1],
        placeholder="none",
        on_change=choose,
        help="Another latent gives the style of some layers: coarse ones shape, fine ones colour",
    )
    right.slider(
        "in layers, coarse to fine", 0, model.layers, key=keys[2], disabled=point.partner is None, on_change=choose
    )

"""The controls under the main picture: seed, undo, mirror and class; for a style-based G truncation and mixing."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from gan_core.latent import Model
from ui.formatting import plain
from ui.latent import state
from ui.latent.latent_point import SEEDS
from ui.latent.view import LatentView
from ui.widgets import showing

_SHORT = 40  # letters of all class names together that fit on one line


def panel(view: LatentView, model: Model) -> None:
    """Everything about the latent point except its sliders."""
    buttons: dict[str, tuple[str, str, Callable[[LatentView], LatentView]]] = {
        "New": ("casino", "The latent of another seed", lambda view: view.at_seed(secrets.randbelow(10_000), model)),
        "Undo": ("undo", "Back to the place before", LatentView.undone),
        "Mirror": ("flip", "The opposite latent, −z", lambda view: view.at_latent(-view.z(model))),
    }
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="latent-seed-row"):
        st.number_input(
            "Seed",
            0,
            SEEDS - 1,
            value=view.point.seed,
            step=1,
            label_visibility="collapsed",
            placeholder="no seed",
            width=130,
            help="The seed that the latent was drawn from; the same seed gives the same latent for every model of its "
            "size",
            **showing(
                "latent.seed",
                view.point.seed,
                state.change(lambda view, seed: view if seed is None else view.at_seed(seed, model)),
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
    label = view.point.label or 0
    choose = state.change(lambda view, name: view.at(replace(view.point, label=names.index(name))))
    shown = showing("latent.class", names[label], choose)
    if len("".join(names)) <= _SHORT and len(names) <= 12:
        st.segmented_control("Class", names, format_func=plain, default=names[label], required=True, **shown)
    else:
        st.selectbox("Class", names, label, width=220, **shown)


def _style(view: LatentView, model: Model) -> None:
    """Truncation, and the layers that take their style from another seed."""
    point = view.point
    layers = point.mixed if point.partner is not None else (0, model.layers)

    def shown(part: str, value: object) -> dict[str, Any]:
        def choose(view: LatentView, chosen: Any) -> LatentView:
            return view.at(replace(view.point, **({"mixed": layers} | {part: chosen})))

        return showing(f"latent.{part}", value, state.change(choose))

    left, middle, right = st.columns(3, vertical_alignment="bottom")
    left.slider(
        "Truncation ψ", 0.0, 1.0, point.psi, 0.05, help="0: the mean picture; 1: all", **shown("psi", point.psi)
    )
    partner = shown("partner", point.partner)
    st.session_state.setdefault(partner["key"], point.partner)  # only a field whose default is None can be cleared
    middle.number_input(
        "Mix styles of seed",
        0,
        SEEDS - 1,
        value=None,
        step=1,
        placeholder="none",
        help="Another latent gives the style of some layers: coarse ones shape, fine ones colour",
        **partner,
    )
    right.slider(
        "in layers, coarse to fine", 0, model.layers, layers, disabled=point.partner is None, **shown("mixed", layers)
    )

"""Under the picture: its seed, a new one, back, its opposite; the class; for a style-based G truncation and mixing."""

from __future__ import annotations

import secrets
from dataclasses import replace

import streamlit as st

from gan_core.latent import Model
from ui.latent import state
from ui.latent.latent_point import SEEDS
from ui.latent.state import then
from ui.widgets import show_value

_SHORT = 40  # letters of all class names together that still fit on one line


def panel(model: Model) -> None:
    """Everything about the latent_point that is no slider."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="latent-knobs"):
        _seed(model)
        st.button(
            "New", icon=":material/casino:", help="The latent of another seed", on_click=then(lambda: _new(model))
        )
        st.button(
            "Undo",
            icon=":material/undo:",
            help="Back to the latent_point before",
            disabled=not state.tab().before,
            on_click=then(state.undo),
        )
        st.button(
            "Mirror",
            icon=":material/flip:",
            help="The opposite latent, −z",
            on_click=then(lambda: state.go(state.latent_point().mirrored(state.direction_basis(model)))),
        )
    if model.classes:
        _class(model)
    if model.layers:
        _style(model)


def _seed(model: Model) -> None:
    here = state.latent_point()
    show_value("latent.seed", here.seed)
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
        help="The seed that the latent was drawn from; the same seed gives the same latent for every model of its size",
        on_change=then(lambda: _typed(model)),
    )


def _typed(model: Model) -> None:
    seed = st.session_state["latent.seed"]
    if seed is not None:
        state.take_seed(int(seed), model)


def _new(model: Model) -> None:
    state.take_seed(secrets.randbelow(10_000), model)


def _class(model: Model) -> None:
    names = list(model.classes)
    wanted = names[state.latent_point().label or 0]
    show_value("latent.class", wanted)

    def chosen() -> None:
        state.go(replace(state.latent_point(), label=names.index(st.session_state["latent.class"])))

    if len("".join(names)) <= _SHORT and len(names) <= 12:
        st.segmented_control("Class", names, key="latent.class", required=True, on_change=then(chosen))
    else:
        st.selectbox("Class", names, key="latent.class", width=220, on_change=then(chosen))


def _style(model: Model) -> None:
    """Truncation, and the layers that take their style from another seed."""
    here = state.latent_point()
    fresh = {
        "latent.psi": here.psi,
        "latent.partner": here.partner,
        "latent.layers": here.mixed if here.partner is not None else (0, model.layers),
    }
    for key, value in fresh.items():
        show_value(key, value)

    def chosen() -> None:
        first, last = st.session_state["latent.layers"]
        state.go(
            replace(
                state.latent_point(),
                psi=st.session_state["latent.psi"],
                partner=st.session_state["latent.partner"],
                mixed=(first, last),
            )
        )

    one, two, three = st.columns(3, vertical_alignment="bottom")
    one.slider(
        "Truncation ψ",
        0.0,
        1.0,
        step=0.05,
        key="latent.psi",
        on_change=then(chosen),
        help="0: the mean picture; 1: all",
    )
    two.number_input(
        "Mix styles of seed",
        0,
        SEEDS - 1,
        value=None,
        step=1,
        key="latent.partner",
        placeholder="none",
        on_change=then(chosen),
        help="Another latent gives the style of some layers: coarse ones shape, fine ones colour",
    )
    three.slider(
        "in layers, coarse to fine",
        0,
        model.layers,
        key="latent.layers",
        disabled=here.partner is None,
        on_change=then(chosen),
    )

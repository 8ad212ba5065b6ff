"""The two ways from Home into the app."""

from __future__ import annotations

import streamlit as st

from ui import shell

_MODEL = "digits-conditional"  # a shipped run


def panel() -> None:
    """Train, and Latent with a shipped model."""
    experiment, explore = st.columns(2)
    with experiment, st.container(border=True, key="door-experiment"):
        st.page_link(shell.path("train"), label="**Experiment**", icon=":material/science:")
        st.caption("Choose data, networks and a loss. Change them while they train, and see what happens.")
    with explore, st.container(border=True, key="door-explore"):
        st.page_link(
            shell.path("latent"), label="**Explore a model**", icon=":material/explore:", query_params={"run": _MODEL}
        )
        st.caption("Move sliders through the latent space of a trained model, and watch its digits change.")

"""What stands around every page: its title, the navigation on top."""

from __future__ import annotations

import streamlit as st

from ui.theme import keep_steady

_ENTERED = "entered"


def enter() -> None:
    """Draw the navigation and the page that the URL names."""
    st.session_state[_ENTERED] = True
    st.set_page_config(page_title="GAN Playground", page_icon=":material/blur_on:", layout="wide")
    keep_steady()
    st.navigation(
        [
            st.Page("pages/home.py", title="Home", icon=":material/home:", default=True),
            st.Page("pages/train.py", title="Train", icon=":material/play_circle:"),
            st.Page("pages/latent.py", title="Latent", icon=":material/explore:"),
        ],
        position="top",
    ).run()


def come_in() -> None:
    """The first line of every page: enter through the front door.

    A server's very first visitor gets the page that the URL names without app.py having run, because Streamlit takes a
    folder called pages for its older kind of navigation until `st.navigation` has been called once.
    """
    if _ENTERED not in st.session_state:
        enter()
        st.stop()

"""The frame of every page: title, navigation and a place for messages."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from ui import streamlit_fixes
from ui.theme import inject_css

_ENTERED = "entered"
_PAGES = {"home": "Home", "train": "Train", "latent": "Latent", "compare": "Compare", "runs": "Runs"}
# The icon of the tab is a file, and pages have no icons: a browser would load Streamlit's icons from the network.
_ICON = Path(__file__).with_name("icon.png")


def enter() -> None:
    """Draw the navigation and the page that the URL names."""
    st.session_state[_ENTERED] = True
    streamlit_fixes.apply()
    st.set_page_config(page_title="GAN Playground", page_icon=_ICON, layout="wide")
    inject_css()
    _navigation().run()


def _navigation() -> StreamlitPage:
    pages = [st.Page(path(name), title=title, default=name == "home") for name, title in _PAGES.items()]
    return st.navigation(pages, position="top")


def has(name: str) -> bool:
    """Whether there is a page with this name."""
    return name in _PAGES


def path(name: str) -> str:
    """The file of a page, for Streamlit's links."""
    return f"pages/{name}.py"


def notices() -> DeltaGenerator:
    """A container for messages that appear and disappear.

    It exists without height when it is empty. Otherwise every element below would change its position in the page, and
    Streamlit would show all of them twice until the page is drawn.
    """
    return st.container(key="notices")


def ensure_navigation() -> None:
    """The first call of every page: run app.py before the page.

    The first visitor of a server gets the page of the URL without app.py, because Streamlit uses its older navigation
    for a folder named "pages" until `st.navigation` has been called once. `st.stop` would lose pending clicks, so the
    page is run again.
    """
    if _ENTERED not in st.session_state:
        _navigation()
        st.rerun()

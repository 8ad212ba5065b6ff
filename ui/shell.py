"""What stands around every page: its title, the navigation on top."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from ui import streamlit_fixes
from ui.theme import inject_css

_ENTERED = "entered"
_PAGES = {"home": "Home", "train": "Train", "latent": "Latent", "compare": "Compare", "runs": "Runs"}
# The browser's tab shows a picture of our own, and pages have no icons: Streamlit has the browser fetch both sorts from
# a font service on the network.
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
    """Whether there is a page of this name."""
    return name in _PAGES


def path(name: str) -> str:
    """A page's file, as Streamlit's links and switches name it."""
    return f"pages/{name}.py"


def notices() -> DeltaGenerator:
    """A place for messages that come and go.

    It is there, without height, when there is nothing to say. Otherwise all that stands below a message would move by
    one place as it comes or goes, and Streamlit would show all of it twice until the page is drawn to its end.
    """
    return st.container(key="notices")


def ensure_navigation() -> None:
    """The first line of every page: enter through the front door.

    A server's very first visitor gets the page that the URL names without app.py having run, because Streamlit takes a
    folder called pages for its older kind of navigation until `st.navigation` has been called once. So that is called,
    and the page begun anew: `st.stop` would lose what is clicked while the page is drawn.
    """
    if _ENTERED not in st.session_state:
        _navigation()
        st.rerun()

"""The frame of every page: title, navigation and a place for messages."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from threading import Lock

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from gan_core.system.allocator import give_back_freed_memory
from ui import streamlit_fixes
from ui.theme import inject_css

_ENTERED = "entered"
_TIDY_EVERY = 30.0  # seconds
_ENGINE = ("gan_core.session.pool", "gan_core.compare", "gan_core.export", "gan_core.latent", "ui.components")
_LIGHT = ("gan_core.presets",)  # without torch
_LOADING = Lock()
_PAGES = {"home": "Home", "train": "Train", "latent": "Latent", "compare": "Compare", "runs": "Runs"}
# The icon of the tab is a file, and pages have no icons: a browser would load Streamlit's icons from the network.
_ICON = Path(__file__).with_name("icon.png")
_FIXES = Path(__file__).with_name("browser_fixes.js").read_text("utf-8")


def enter() -> None:
    """Draw the navigation and the page that the URL names."""
    st.session_state[_ENTERED] = True
    streamlit_fixes.apply()
    st.set_page_config(page_title="GAN Playground", page_icon=_ICON, layout="wide")
    inject_css()
    st.html(f"<script>{_FIXES}</script>", unsafe_allow_javascript=True)
    _tidy_memory()
    _navigation().run()


@st.cache_data(ttl=_TIDY_EVERY, show_spinner=False)
def _tidy_memory() -> None:
    """Return the memory that earlier runs of the pages have freed, at most once in `_TIDY_EVERY` seconds."""
    give_back_freed_memory()


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


def load(packages: Sequence[str] = _ENGINE) -> None:
    """Import the packages that a page needs, for one tab at a time.

    Python gives an unfinished module to a thread that imports a module of a package while another thread imports the
    package: each of them would wait for the other for ever.
    """
    with _LOADING:
        for package in packages:
            import_module(package)


def ensure_navigation(home: bool = False) -> None:
    """The first call of every page: run app.py before the page.

    The first visitor of a server gets the page of the URL without app.py, because Streamlit uses its older navigation
    for a folder named "pages" until `st.navigation` has been called once. `st.stop` would lose pending clicks, so the
    page is run again.

    Args:
        home: the page appears before the engine is imported.
    """
    if _ENTERED not in st.session_state:
        _navigation()
        st.rerun()
    load(_LIGHT if home else _ENGINE)

"""What stands around every page: its title, the navigation on top."""

from __future__ import annotations

import streamlit as st

from ui.theme import keep_steady

_ENTERED = "entered"
_PAGES = {  # by the name that it has in an address
    "home": ("Home", ":material/home:"),
    "train": ("Train", ":material/play_circle:"),
    "latent": ("Latent", ":material/explore:"),
    "runs": ("Runs", ":material/folder_open:"),
}


def enter() -> None:
    """Draw the navigation and the page that the URL names."""
    st.session_state[_ENTERED] = True
    st.set_page_config(page_title="GAN Playground", page_icon=":material/blur_on:", layout="wide")
    keep_steady()
    pages = [
        st.Page(path(name), title=title, icon=icon, default=name == "home") for name, (title, icon) in _PAGES.items()
    ]
    st.navigation(pages, position="top").run()


def has(name: str) -> bool:
    """Whether there is a page of this name."""
    return name in _PAGES


def path(name: str) -> str:
    """A page's file, as Streamlit's links and switches name it."""
    return f"pages/{name}.py"


def come_in() -> None:
    """The first line of every page: enter through the front door.

    A server's very first visitor gets the page that the URL names without app.py having run, because Streamlit takes a
    folder called pages for its older kind of navigation until `st.navigation` has been called once.
    """
    if _ENTERED not in st.session_state:
        enter()
        st.stop()

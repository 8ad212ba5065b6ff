"""Messages about the last action of a browser tab, shown at the top of the page."""

from __future__ import annotations

import streamlit as st

from ui.formatting import plain


def error_text() -> str:
    """The error message of the tab's last action; "" if it succeeded."""
    text: str = st.session_state.get("error", "")
    return text


def show_error(text: str) -> None:
    """Show an error message at the top of the page; "" removes it."""
    st.session_state.error = text


def show_error_with_toast(text: str) -> None:
    """Show an error message also as a toast, for actions from which the top of the page may be out of sight."""
    show_error(text)
    st.toast(plain(text), icon=":material/error:", duration="long")


def note_text() -> str:
    """A remark on the experiment that the tab has just opened; "" if there is none."""
    text: str = st.session_state.get("note", "")
    return text


def show_note(text: str) -> None:
    """Show a remark at the top of the page; "" removes it."""
    st.session_state.note = text

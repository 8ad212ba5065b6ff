"""What went wrong with the last thing that a tab asked for, and how the page says it."""

from __future__ import annotations

import streamlit as st


def trouble() -> str:
    """What went wrong with the last thing that this tab asked for; "" if nothing did."""
    text: str = st.session_state.get("trouble", "")
    return text


def complain(text: str) -> None:
    st.session_state.trouble = text


def complain_from_below(text: str) -> None:
    """Where the place for complaints, at the top of the page, may be far out of sight: tell it here, too."""
    complain(text)
    st.toast(text, icon=":material/error:", duration="long")

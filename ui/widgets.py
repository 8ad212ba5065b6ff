"""What every page does with widgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

_NOTHING = object()


def show_value(key: str, value: Any) -> None:
    """Let the widget with this key, not drawn yet, show `value`.

    Written only where it differs: a write reaches the browser as an order, and would undo what somebody has typed or
    clicked there since.
    """
    if st.session_state.get(key, _NOTHING) != value:
        st.session_state[key] = value


def undo_bar(deleted: str, restore: Callable[..., None], *args: Any) -> None:
    """A line that says what was deleted, and a button that brings it back."""
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="undo-bar"):
        st.text(f"Deleted: {deleted}", width="content")
        st.button("Undo", icon=":material/undo:", on_click=restore, args=args, shortcut="Mod+Shift+U")

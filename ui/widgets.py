"""Helpers for widgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


def showing(key: str, value: Any, react: Callable[[Any], None]) -> dict[str, Any]:
    """The arguments `key`, `on_change` and `args` of a widget that is drawn with the default `value`, and shows it.

    If the widget with this key has another value, it gets a new key, so that the browser replaces it. To write the
    value into the session state is not safe. The browser reports the values of all widgets at each refresh, and the
    old value of this widget until it has heard of the new one, which looks like a change by the user. And the value
    is sent only once: it is lost if the browser has no widget for it at that moment, as in a closed popover.

    Args:
        react: called with the new value when the user has changed it.
    """
    current = _current_key(key)
    if st.session_state.get(current, value) != value:
        st.session_state[_times_replaced(key)] = st.session_state.get(_times_replaced(key), 0) + 1
        current = _current_key(key)
    return {"key": current, "on_change": _changed, "args": (key, current, react)}


def _changed(key: str, current: str, react: Callable[[Any], None]) -> None:
    if current == _current_key(key):  # Streamlit also calls this for a widget that was replaced
        react(st.session_state[current])


def _current_key(key: str) -> str:
    times = st.session_state.get(_times_replaced(key), 0)
    return f"{key}, {times}" if times else key


def _times_replaced(key: str) -> str:
    return f"{key}, times replaced"


def undo_bar(deleted: str, restore: Callable[..., None], *args: Any) -> None:
    """A line that names the deleted item, with a button that restores it."""
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="undo-bar"):
        st.text(f"Deleted: {deleted}", width="content")
        st.button("Undo", icon=":material/undo:", on_click=restore, args=args, shortcut="Mod+Shift+U")

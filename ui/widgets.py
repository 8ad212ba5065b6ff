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
    latest = f"{key}, latest"
    current = st.session_state.get(latest, key)
    if st.session_state.get(current, value) != value:
        number = int(current.removeprefix(key).strip(", ") or 0) + 1
        current = st.session_state[latest] = f"{key}, {number}"
    return {"key": current, "on_change": _changed, "args": (latest, current, react)}


def _changed(latest: str, key: str, react: Callable[[Any], None]) -> None:
    if st.session_state.get(latest, key) == key:  # Streamlit also calls this for a widget that was replaced
        react(st.session_state[key])


def undo_bar(deleted: str, restore: Callable[..., None], *args: Any) -> None:
    """A line that names the deleted item, with a button that restores it."""
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="undo-bar"):
        st.text(f"Deleted: {deleted}", width="content")
        st.button("Undo", icon=":material/undo:", on_click=restore, args=args, shortcut="Mod+Shift+U")

"""Helpers for widgets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

_NOTHING = object()
_DELAY = 3.0  # seconds after which even a busy browser shows a value that was sent


def show_value(key: str, value: Any) -> None:
    """Make the widget with this key, which is not drawn yet, show `value`.

    The value is written only if it differs, because a write replaces what the user has typed or clicked since.
    """
    shown = st.session_state.get(key, _NOTHING)
    if shown != value:
        st.session_state[_before(key)] = shown, time.monotonic()
        st.session_state[key] = value


def is_echo(key: str) -> bool:
    """Whether a change of the widget is only its value before `show_value`, from a browser that did not have it yet.

    At every refresh the browser reports the values of all widgets. An old value is not a change by the user; it would
    undo a change that was made in another widget of the same setting.
    """
    shown, when = st.session_state.get(_before(key), (_NOTHING, 0.0))
    return st.session_state[key] == shown and time.monotonic() - when < _DELAY


def _before(key: str) -> str:
    return f"{key}, before"


def undo_bar(deleted: str, restore: Callable[..., None], *args: Any) -> None:
    """A line that names the deleted item, with a button that restores it."""
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="undo-bar"):
        st.text(f"Deleted: {deleted}", width="content")
        st.button("Undo", icon=":material/undo:", on_click=restore, args=args, shortcut="Mod+Shift+U")

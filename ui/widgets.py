"""What every page does with widgets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

_NOTHING = object()
_HEARD = 3.0  # seconds after which a browser shows what it was sent, however busy


def show_value(key: str, value: Any) -> None:
    """Let the widget with this key, not drawn yet, show `value`.

    Written only where it differs: a write reaches the browser as an order, and would undo what somebody has typed or
    clicked there since.
    """
    shown = st.session_state.get(key, _NOTHING)
    if shown != value:
        st.session_state[_before(key)] = shown, time.monotonic()
        st.session_state[key] = value


def is_echo(key: str) -> bool:
    """Whether the widget's change is only what it showed before `show_value`, told by a browser that had not heard yet.

    With every look at a run the browser tells what all widgets show. Taken for a change by hand, that would undo what
    has just been changed in the other place where a setting stands.
    """
    shown, when = st.session_state.get(_before(key), (_NOTHING, 0.0))
    return st.session_state[key] == shown and time.monotonic() - when < _HEARD


def _before(key: str) -> str:
    return f"{key}, before"


def undo_bar(deleted: str, restore: Callable[..., None], *args: Any) -> None:
    """A line that says what was deleted, and a button that brings it back."""
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="undo-bar"):
        st.text(f"Deleted: {deleted}", width="content")
        st.button("Undo", icon=":material/undo:", on_click=restore, args=args, shortcut="Mod+Shift+U")

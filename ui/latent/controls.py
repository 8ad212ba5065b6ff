"""Controls that several panels have."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ui.latent import state
from ui.latent.view import LatentView
from ui.widgets import showing


def choice(label: str, options: Sequence[str], key: str, help: str | None = None) -> str:
    """A row of buttons, one of them on, at first the first one; returns the chosen option."""
    chosen = st.segmented_control(
        label, options, default=options[0], required=True, key=key, label_visibility="collapsed", help=help
    )
    return str(chosen)


def view_choice(
    label: str, options: Sequence[str], key: str, value: str, react: Callable[..., LatentView], help: str | None = None
) -> None:
    """A row of buttons that shows `value`, a part of the view; `react` takes the view and the new value."""
    st.segmented_control(
        label,
        options,
        default=value,
        required=True,
        label_visibility="collapsed",
        help=help,
        **showing(key, value, state.change_here(react)),
    )


def arrow(label: str, way: str, disabled: bool, key: str, on_click: Callable[..., None]) -> None:
    """A button with an arrow to the "left" or to the "right"."""
    icon = f":material/chevron_{way}:"
    st.button(
        label, key=f"icon-{key}-{way}", icon=icon, type="tertiary", disabled=disabled, help=label, on_click=on_click
    )

"""The choice of one class to look at, for conditional runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from ui.formatting import plain
from ui.widgets import showing

ALL = "all"
_LONGEST_ROW = 40  # letters of all names that fit on one line of buttons
_CHOSEN = "class chosen"


def picker(names: Sequence[str], key: str = "class") -> int | None:
    """The index of the chosen class of `names`, or None for all classes. Each tab keeps its own choice.

    The choice is kept outside the widget, which Streamlit forgets when another page opens. It is kept by name, so that
    it survives a change to another experiment that has this class.
    """
    options = [ALL, *names]
    chosen = st.session_state.get(_CHOSEN)
    wanted = chosen if chosen in options else ALL
    common: dict[str, Any] = {"label": "Class", "options": options, **showing(key, wanted, _keep)}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-picker"):
        st.caption("Class", width="content")
        if len("".join(names)) <= _LONGEST_ROW and len(names) <= 12:
            name = st.segmented_control(
                default=wanted, required=True, label_visibility="collapsed", format_func=plain, **common
            )
        else:
            name = st.selectbox(index=options.index(wanted), label_visibility="collapsed", width=200, **common)
    return None if name in (ALL, None) else list(names).index(name)


def of_samples(n: int, names: Sequence[str]) -> np.ndarray:
    """The class of each of `n` samples that show the classes in turn, as the trainer makes them: int (n,)."""
    return np.arange(n) % len(names)


def _keep(name: str) -> None:
    st.session_state[_CHOSEN] = name

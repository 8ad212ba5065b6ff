"""Latent vectors as rows of bars: each number a bar, up for positive and down for negative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.components.assets import script, style

_mount = st.components.v2.component(
    "vectors", html='<div class="vectors"></div>', css=style("vectors"), js=script("vectors")
)


def vectors(rows: Sequence[tuple[str, NDArray[np.floating]]], key: str) -> None:
    """Show named vectors of one length under each other, all on one scale."""
    _mount(key=key, data=[{"name": name, "values": np.round(values, 3).tolist()} for name, values in rows])

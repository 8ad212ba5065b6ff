"""Latent vectors as rows of bars, one bar for each number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ui.components.assets import component

_mount = component("vectors", '<div class="component vectors"></div>')


def vectors(rows: Sequence[tuple[str, NDArray[np.floating]]], key: str) -> None:
    """Show named vectors (each of the same size) below each other on one scale."""
    _mount(key=key, data=[{"name": name, "values": np.round(values, 3).tolist()} for name, values in rows])

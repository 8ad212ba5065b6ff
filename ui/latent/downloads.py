"""Strips of pictures, and what is made of frames: PNG, GIF and MP4, each only once it is asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from gan_core import export
from ui.components import sample_grid
from ui.latent.state import then

_WIDEST = 96  # pixels of a picture of a strip


def strip(
    pictures: np.ndarray, key: str, on_pick: Callable[[int], None], label: str = "pictures along the way"
) -> None:
    """Pictures (n, H, W, C) in one row; a click takes one."""
    sample_grid(pictures, key, columns=len(pictures), label=label, smallest=40, largest=_WIDEST, on_pick=then(on_pick))


def buttons(frames: np.ndarray, still: np.ndarray, fps: float, name: str) -> None:
    """The strip as a PNG, the frames (n, H, W, C) as a GIF and an MP4."""
    files: dict[str, tuple[str, Callable[[], bytes]]] = {
        "png": ("image/png", lambda: export.sheet(still, len(still))),
        "gif": ("image/gif", lambda: export.animate(frames, "gif", fps)),
        "mp4": ("video/mp4", lambda: export.animate(frames, "mp4", fps)),
    }
    with st.container(horizontal=True, gap="small", key=f"downloads-{name}"):
        for kind, (mime, make) in files.items():
            st.download_button(
                kind.upper(),
                data=make,
                file_name=f"{name}.{kind}",
                mime=mime,
                key=f"download-{name}-{kind}",
                icon=":material/download:",
                on_click="ignore",
            )

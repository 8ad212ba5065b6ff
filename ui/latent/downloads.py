"""Download buttons for frames: PNG, GIF and MP4, each file made when its button is clicked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from gan_core import export


def buttons(frames: np.ndarray, strip: np.ndarray, fps: float, name: str) -> None:
    """The strip (k, H, W, C) as a PNG, and the frames (n, H, W, C) as a GIF and as an MP4."""
    files: dict[str, tuple[str, Callable[[], bytes]]] = {
        "png": ("image/png", lambda: export.grid_png(strip, len(strip))),
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

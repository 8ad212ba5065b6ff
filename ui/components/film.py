"""A film that the browser holds whole: it plays smoothly, however busy the server is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.components.assets import packed, script, style

_mount = st.components.v2.component(
    "film",
    html='<div class="film"><canvas role="img"></canvas><div class="bar"><button type="button"></button>'
    '<input type="range" min="0"><output></output></div></div>',
    css=style("film"),
    js=script("film"),
)


def film(
    frames: NDArray[np.uint8],
    key: str,
    captions: Sequence[str] = (),
    fps: float = 24.0,
    loop: bool = True,
    largest: int = 280,
    label: str = "film",
    play: bool = True,
) -> None:
    """Show (n, H, W, C) uint8 frames as a film with a play button and a slider over its frames.

    Args:
        captions: what each frame is, beside the slider; () for its number.
        fps: frames a second.
        loop: begin again after the last frame; else stand there.
        largest: greatest side on screen, in pixels.
        label: what it shows, for those who cannot see it.
        play: begin at once, unless the reader's system asks for less motion.
    """
    header = {
        "shape": frames.shape,
        "captions": list(captions),
        "fps": fps,
        "loop": loop,
        "largest": largest,
        "label": label,
        "play": play,
    }
    _mount(key=key, data=packed(header, frames))

"""A film whose frames are all in the browser, so that it plays smoothly while the server is busy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ui.components.assets import component, packed

_mount = component(
    "film",
    '<div class="component film"><canvas role="img"></canvas><div class="bar"><button type="button"></button>'
    '<input type="range" min="0"><output></output></div></div>',
)


def film(
    frames: NDArray[np.uint8],
    key: str,
    captions: Sequence[str] = (),
    fps: float = 24.0,
    loop: bool = True,
    largest: int = 280,
    label: str = "film",
) -> None:
    """Show (n, H, W, C) uint8 frames as a film with a play button and a slider over its frames.

    It starts at once, unless the system asks for reduced motion.

    Args:
        captions: a text for each frame, shown beside the slider; () shows its number.
        fps: frames a second.
        loop: start again after the last frame; otherwise stop there.
        largest: greatest side on screen, in pixels.
        label: what it shows, for screen readers.
    """
    header = {
        "shape": frames.shape,
        "captions": list(captions),
        "fps": fps,
        "loop": loop,
        "largest": largest,
        "label": label,
    }
    _mount(key=key, data=packed(header, frames))

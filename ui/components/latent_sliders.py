"""Sliders along directions of latent space, each above a strip of pictures, in one component.

Many Streamlit sliders on a page are slow. Here the browser sends one message for all sliders, and the next one only
after the answer to the last, so that the picture keeps up with a slider that is dragged fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import NDArray

from ui.components.assets import component, forward, packed

_mount = component("latent_sliders", '<div class="component sliders"></div>')


@dataclass(frozen=True)
class Slider:
    """One direction."""

    id: str
    default_name: str
    name: str = ""  # given by the user
    value: float = 0.0
    help: str = ""  # tooltip of its name


def latent_sliders(
    sliders: Sequence[Slider],
    key: str,
    reach: float,
    pictures: NDArray[Any],
    steps: int,
    start: int,
    message: int,
    version: int,
    version_in_browser: int | None,
    columns: int = 2,
    on_move: Callable[[Mapping[str, float], int, int, int], None] | None = None,
    on_rest: Callable[[Mapping[str, float], int, int, int], None] | None = None,
    on_name: Callable[[str, str], None] | None = None,
) -> None:
    """Show sliders from -reach to reach. A later call with the same key updates them in place.

    Args:
        pictures: (len(sliders) * steps, H, W, C) uint8, each slider's strip from its low to its high end. Points
            (len(sliders) * steps, 2) in [0, 1], from the lower left, are drawn as dots. Without rows, no strips.
        steps: number of pictures in a strip.
        start: differs when something else than a slider has changed the point. Earlier moves are forgotten.
        message: number of the last message that this call answers.
        version: differs between different pictures.
        version_in_browser: version of the pictures that the browser has, from its last message; None if unknown.
            Pictures of this version are not sent again: they can be a hundred times larger than the main picture.
        columns: sliders side by side, if the page is wide enough.
        on_move: called while a slider moves, with the changed values by id, the `start` that the browser knew, the
            message's number and the version in the browser.
        on_rest: called with the same once the slider rests.
        on_name: called with a direction's id and its new name, "" for none.
    """
    kind = "points" if pictures.ndim == 2 else "images"
    sent = pictures[:0] if version == version_in_browser else pictures
    _mount(
        key=key,
        data=packed(
            {
                "sliders": [asdict(slider) for slider in sliders],
                "reach": reach,
                "steps": steps,
                "start": start,
                "message": message,
                "version": version,
                "columns": columns,
                "kind": kind,
                "shape": pictures.shape,
            },
            sent.astype("<f4") if kind == "points" else sent,
        ),
        on_move_change=forward(key, "move", on_move, spread=True),
        on_rest_change=forward(key, "rest", on_rest, spread=True),
        on_name_change=forward(key, "name", on_name, spread=True),
    )

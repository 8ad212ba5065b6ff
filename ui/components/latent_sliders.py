"""Sliders along directions of latent space, each above a strip of where it leads; one component for them all.

A page of Streamlit's own sliders answers the slower the more of them there are. Here the browser sends one value for
all, never before the last one was answered, so what is shown is the newest however fast a slider is dragged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st
from numpy.typing import NDArray

from ui.components.assets import packed, script, style

_mount = st.components.v2.component(
    "latent_sliders",
    html='<div class="sliders"></div>',
    css=style("latent_sliders"),
    js=script("latent_sliders"),
)


@dataclass(frozen=True)
class Slider:
    """One direction."""

    id: str
    word: str  # what it is called until the user names it
    name: str = ""  # what the user named it
    value: float = 0.0
    about: str = ""  # shown when its name is pointed at


def latent_sliders(
    sliders: Sequence[Slider],
    key: str,
    reach: float,
    pictures: NDArray[Any],
    steps: int,
    answered: int,
    version: int,
    held: int | None,
    columns: int = 2,
    on_move: Callable[[Mapping[str, float], int, int], None] | None = None,
    on_rest: Callable[[Mapping[str, float], int, int], None] | None = None,
    on_name: Callable[[str, str], None] | None = None,
) -> None:
    """Show sliders from -reach to reach; a later call with the same key moves them without a repaint of the rest.

    Args:
        pictures: (len(sliders) * steps, H, W, C) uint8, where each slider leads from its low end to its high end;
            points (len(sliders) * steps, 2) in [0, 1], from the lower left, are drawn as dots; none for no strips.
        steps: pictures of each strip.
        answered: the number that came with the last move which this call shows.
        version: of the pictures; other pictures have another one.
        held: the version that the browser said it holds; the same pictures are not sent again, for they may be a
            hundred times as large as the one picture that a slider moves. None where it has said nothing yet.
        columns: sliders side by side where there is room.
        on_move: called with the values that changed, the move's number and the version held while a slider moves.
        on_rest: called likewise once it rests; it may rerun more than the fragment that stands around.
        on_name: called with a direction's id and its new name, "" for none.
    """

    def told(what: str, then: Callable[..., None] | None) -> Callable[[], None]:
        def call() -> None:
            message = st.session_state[key][what]
            if then is not None and message is not None:
                then(*message)

        return call

    kind = "points" if pictures.ndim == 2 else "images"
    sent = pictures[:0] if version == held else pictures
    _mount(
        key=key,
        data=packed(
            {
                "sliders": [asdict(slider) for slider in sliders],
                "reach": reach,
                "steps": steps,
                "answered": answered,
                "version": version,
                "columns": columns,
                "kind": kind,
                "shape": pictures.shape,
            },
            sent.astype("<f4") if kind == "points" else sent,
        ),
        on_move_change=told("move", on_move),
        on_rest_change=told("rest", on_rest),
        on_name_change=told("name", on_name),
    )

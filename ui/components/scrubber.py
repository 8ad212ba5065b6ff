"""A time line whose right end is "live": it grows with the run without losing the place that was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from ui.components.assets import script, style

_mount = st.components.v2.component(
    "scrubber",
    html='<div class="scrubber"><button type="button" class="play" aria-label="Play from the start"></button>'
    '<input type="range" aria-label="Time line of samples"><output></output>'
    '<button type="button" class="live">Live</button></div>',
    css=style("scrubber"),
    js=script("scrubber"),
)


def scrubber(
    steps: Sequence[int], key: str, at: int | None, on_move: Callable[[int | None], None], live: bool = True
) -> None:
    """Show a slider over `steps`, ascending, with buttons to play them and to return to the present.

    Args:
        at: the step chosen, None for the present.
        live: whether the present moves on; if not, it is called the last step.
        on_move: called with the step that was moved to, or None, before the rerun.
    """

    def moved() -> None:
        step = st.session_state[key]["at"]
        on_move(None if step is None or step < 0 else int(step))

    _mount(
        key=key,
        data={"steps": list(steps), "at": at, "end": ["now", "Live"] if live else ["last", "Last"]},
        on_at_change=moved,
    )

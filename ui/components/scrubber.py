"""A time line that grows with the run and keeps the chosen step; its right end is the present."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ui.components.assets import component, forward

_mount = component(
    "scrubber",
    '<div class="component scrubber"><button type="button" class="play" aria-label="Play from the start"></button>'
    '<input type="range" aria-label="Time line of samples"><output></output>'
    '<button type="button" class="live">Live</button></div>',
)


def scrubber(
    steps: Sequence[int], key: str, at: int | None, on_move: Callable[[int | None], None], live: bool = True
) -> None:
    """Show a slider over ascending steps, with buttons to play them and to return to the present.

    Args:
        at: the chosen step, None for the present.
        live: whether the run is still in training; otherwise the present is called the last step.
        on_move: called with the chosen step, or None for the present, before the rerun.
    """
    _mount(
        key=key,
        data={"steps": list(steps), "at": at, "end": ["now", "Live"] if live else ["last", "Last"]},
        on_at_change=forward(key, "at", lambda step: on_move(None if step < 0 else int(step))),
    )

"""The runs of a comparison: a lane for each variant, in it a bar for each of its runs, each with its own button."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from ui.components.assets import script, style

_mount = st.components.v2.component(
    "run_lanes", html='<div class="lanes" role="list"></div>', css=style("run_lanes"), js=script("run_lanes")
)


@dataclass(frozen=True)
class Run:
    """One run, as its bar shows it."""

    key: str
    name: str  # "seed 0"
    status: str
    told: str  # how it stands, in a few words
    share: float  # done, in [0, 1]
    run_id: str = ""  # in the library, to look at it there
    offers: str = ""  # what its button does: "stop", "resume", or "" for none
    trouble: str = ""


@dataclass(frozen=True)
class Lane:
    """One variant."""

    title: str
    role: str  # of its line's colour
    dash: str
    runs: Sequence[Run]


def run_lanes(lanes: Sequence[Lane], key: str, on_act: Callable[[str, str], None]) -> None:
    """Show how the runs stand; a later call with the same key changes what has changed and leaves the focus alone.

    Args:
        on_act: called with a run's key and what was asked of it, "stop" or "resume", before the rerun.
    """

    def asked() -> None:
        if message := st.session_state[key]["act"]:
            on_act(*message)

    _mount(key=key, data=[asdict(lane) for lane in lanes], on_act_change=asked)

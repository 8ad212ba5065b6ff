"""The runs of a comparison: a lane for each variant, with a bar and a button for each of its runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from ui.components.assets import component, forward

_mount = component("run_lanes", '<div class="component lanes" role="list"></div>')


@dataclass(frozen=True)
class Run:
    """One run."""

    key: str
    name: str  # "seed 0"
    status: str
    progress: str  # in a few words
    share: float  # of the steps done, in [0, 1]
    run_id: str = ""  # in the library, for a link
    offers: str = ""  # action of its button: "stop", "resume", or "" for none
    trouble: str = ""


@dataclass(frozen=True)
class Lane:
    """One variant."""

    title: str
    role: str  # colour of its lines
    dash: str  # pattern of its lines
    runs: Sequence[Run]


def run_lanes(lanes: Sequence[Lane], key: str, on_act: Callable[[str, str], None]) -> None:
    """Show the progress of the runs. A later call with the same key updates them in place and keeps the focus.

    Args:
        on_act: called with a run's key and "stop" or "resume", before the rerun.
    """
    data = [asdict(lane) for lane in lanes]
    _mount(key=key, data=data, on_act_change=forward(key, "act", on_act, spread=True))

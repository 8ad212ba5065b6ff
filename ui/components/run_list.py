"""A list of runs with a picture and a summary of each, to choose one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from ui.components.assets import component, forward

_mount = component("run_list", '<div class="component runs" role="listbox" tabindex="0" aria-label="Runs"></div>')


@dataclass(frozen=True)
class Row:
    """A run; all texts are shown as plain text."""

    id: str
    name: str
    picture: str  # data URL, "" for none
    about: str  # its preset and data
    facts: str  # its length, device and size
    quality: str
    status: str
    training: bool
    trouble: str  # its worst problem, "" for none
    tags: Sequence[str]
    comparison: str  # the id of the comparison that it belongs to, "" for none


@dataclass(frozen=True)
class Fold:
    """A comparison, under which its runs are folded; all texts are shown as plain text."""

    id: str
    title: str
    about: str  # what differs between its runs, and its date


def run_list(
    rows: Sequence[Row],
    folds: Sequence[Fold],
    key: str,
    selected: str | None = None,
    unfolded: bool = False,
    on_pick: Callable[[str], None] | None = None,
) -> None:
    """Show the rows in a scrolling list; arrow keys and clicks choose one.

    The runs of a comparison are folded into one line, which opens at a click and for the selected run.

    Args:
        folds: the comparisons of the rows.
        selected: id of the marked row.
        unfolded: whether all comparisons are open for now.
        on_pick: called with the chosen id before the rerun.
    """
    data = {
        "rows": [asdict(row) for row in rows],
        "comparisons": {fold.id: asdict(fold) for fold in folds},
        "selected": selected,
        "unfolded": unfolded,
    }
    _mount(key=key, data=data, on_pick_change=forward(key, "pick", on_pick))

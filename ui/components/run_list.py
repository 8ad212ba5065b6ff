"""A list of runs to choose from, each with its picture and what there is to know of it at a glance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from ui.components.assets import forward, script, style

_mount = st.components.v2.component(
    "run_list",
    html='<div class="runs" role="listbox" tabindex="0" aria-label="Runs"></div>',
    css=style("run_list"),
    js=script("run_list"),
)


@dataclass(frozen=True)
class Row:
    """A run as the list shows it; all of it is shown as plain text."""

    id: str
    name: str
    picture: str  # data URL, "" for none
    about: str  # its preset and data
    facts: str  # its length, device and size
    quality: str
    status: str
    training: bool
    trouble: str  # the worst that is wrong with it, "" for nothing
    tags: Sequence[str]


def run_list(
    rows: Sequence[Row], key: str, selected: str | None = None, on_pick: Callable[[str], None] | None = None
) -> None:
    """Show the rows one below the other, in a list that scrolls by itself; arrow keys and a click choose one.

    Args:
        selected: the id of the row to mark.
        on_pick: called with the id that was chosen, before the rerun.
    """
    data = {"rows": [asdict(row) for row in rows], "selected": selected}
    _mount(key=key, data=data, on_pick_change=forward(key, on_pick))

"""The comparisons that this library holds: come back to one, today or tomorrow."""

from __future__ import annotations

import time
from collections import Counter

import streamlit as st

from gan_core.compare import Race, RaceError
from ui.compare import state
from ui.formatting import ago, plain

_LONGEST = 70  # letters of the names of runs
_FEW = 3  # in sight; the others are one click away


def panel() -> None:
    """A line for each, the latest first; nothing where there is none."""
    state.way_back()
    races = state.store().list()
    if not races:
        return
    st.markdown("**Go on with**")
    for race in races[:_FEW]:
        _line(race)
    if races[_FEW:]:
        with st.expander(f"{len(races) - _FEW} earlier"):
            for race in races[_FEW:]:
                _line(race)


def _line(race: Race) -> None:
    try:
        told, title = _told(race), race.comparison.title
    except RaceError as error:
        st.caption(plain(str(error)))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            plain(title), key=f"open-{race.id}", icon=":material/compare_arrows:", on_click=state.show, args=(race,)
        )
        st.caption(told, width="content")
        st.button(
            "Delete",
            key=f"delete-{race.id}",
            icon=":material/delete:",
            type="tertiary",
            on_click=state.delete,
            args=(race.id, title),
            help="Its runs stay in the library",
        )


def _told(race: Race) -> str:
    """How it stands: "9 of 9 runs done", "4 of 9 runs done, 2 interrupted"; and when that was."""
    changed = max(file.stat().st_mtime for file in (race.path, *race.path.glob("*.json"), *race.path.glob("jobs")))
    when = ago(time.time() - changed)
    if not race.jobs:
        names = ", ".join(guest.title for guest in race.guests())
        return f"{plain(names if len(names) <= _LONGEST else names[: _LONGEST - 1] + '…')} · {when}"
    counts: Counter[str] = Counter(standing.status for standing in race.standings())
    done = counts["finished"] + counts["failed"]
    others = [f"{counts[status]} {word}" for status, word in _WORDS.items() if counts[status]]
    return " · ".join([", ".join([f"{done} of {len(race.jobs)} runs done", *others]), when])


_WORDS = {"running": "training now", "paused": "paused", "interrupted": "interrupted", "failed": "failed"}

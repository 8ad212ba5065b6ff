"""The comparisons that this library holds: come back to one, today or tomorrow."""

from __future__ import annotations

import time
from collections import Counter

import streamlit as st

from gan_core.compare import Study, StudyError
from ui.compare import state
from ui.formatting import ago, plain

_LONGEST = 70  # letters of the names of runs
_FEW = 3  # in sight; the others are one click away


def panel() -> None:
    """A line for each, the latest first; nothing where there is none."""
    state.way_back()
    studies = state.store().list()
    if not studies:
        return
    st.markdown("**Go on with**")
    for study in studies[:_FEW]:
        _line(study)
    if studies[_FEW:]:
        with st.expander(f"{len(studies) - _FEW} earlier"):
            for study in studies[_FEW:]:
                _line(study)


def _line(study: Study) -> None:
    try:
        told, title = _told(study), study.comparison.title
    except StudyError as error:
        st.caption(plain(str(error)))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            plain(title), key=f"open-{study.id}", icon=":material/compare_arrows:", on_click=state.show, args=(study,)
        )
        st.caption(told, width="content")
        st.button(
            "Delete",
            key=f"delete-{study.id}",
            icon=":material/delete:",
            type="tertiary",
            on_click=state.delete,
            args=(study.id, title),
            help="Its runs stay in the library",
        )


def _told(study: Study) -> str:
    """How it stands: "9 of 9 runs done", "4 of 9 runs done, 2 interrupted"; and when that was."""
    changed = max(file.stat().st_mtime for file in (study.path, *study.path.glob("*.json"), *study.path.glob("jobs")))
    when = ago(time.time() - changed)
    if not study.jobs:
        names = ", ".join(added_run.title for added_run in study.added_runs())
        return f"{plain(names if len(names) <= _LONGEST else names[: _LONGEST - 1] + '…')} · {when}"
    counts: Counter[str] = Counter(trial_status.status for trial_status in study.trial_statuses())
    done = counts["finished"] + counts["failed"]
    others = [f"{counts[status]} {word}" for status, word in _WORDS.items() if counts[status]]
    return " · ".join([", ".join([f"{done} of {len(study.jobs)} runs done", *others]), when])


_WORDS = {"running": "training now", "paused": "paused", "interrupted": "interrupted", "failed": "failed"}

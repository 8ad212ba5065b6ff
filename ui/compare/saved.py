"""The saved studies of the library."""

from __future__ import annotations

import time
from collections import Counter

import streamlit as st

from gan_core.compare import Study, StudyError
from gan_core.system.files import file_version
from ui.compare import state
from ui.formatting import ago, plain

_LONGEST = 70  # characters of the names of runs
_FEW = 3  # always visible; an expander holds the others


def panel() -> None:
    """A line for each study, the latest first."""
    state.offer_undo()
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
        status, title = _status(study), study.comparison.title
    except StudyError as error:
        st.caption(
            f":material/warning: {plain(str(error).rstrip('.'))}. Repair the named file, or delete the comparison."
        )
        _delete_button(study, study.id, f"Delete {plain(study.id)}")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            plain(title), key=f"open-{study.id}", icon=":material/compare_arrows:", on_click=state.show, args=(study,)
        )
        st.caption(status, width="content")
        _delete_button(study, title, "Delete")


def _delete_button(study: Study, title: str, label: str) -> None:
    st.button(
        label,
        key=f"delete-{study.id}",
        icon=":material/delete:",
        type="tertiary",
        on_click=state.delete,
        args=(study.id, title),
        help="Its runs stay in the library",
    )


def _status(study: Study) -> str:
    """How many runs are done and when: "4 of 9 runs done, 2 interrupted · 5 min ago"."""
    changed = max(file_version(file)[0] for file in (study.path, *study.path.glob("*.json"), study.path / "jobs")) / 1e9
    when = ago(time.time() - changed)
    if not study.jobs:
        names = ", ".join(added.title for added in study.added_runs())
        return f"{plain(names if len(names) <= _LONGEST else names[: _LONGEST - 1] + '…')} · {when}"
    counts: Counter[str] = Counter(trial.status for trial in study.trial_statuses())
    done = counts["finished"] + counts["failed"]
    others = [f"{counts[status]:,} {word}" for status, word in _WORDS.items() if counts[status]]
    return " · ".join([", ".join([f"{done:,} of {len(study.jobs)} runs done", *others]), when])


_WORDS = {"running": "training now", "paused": "paused", "interrupted": "interrupted", "failed": "failed"}

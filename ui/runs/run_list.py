"""The list of all runs, with search, filters and order."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

import streamlit as st

from gan_core import presets
from gan_core.compare import Study, StudyStore
from gan_core.metrics.registry import METRICS
from gan_core.runs import RunStore, RunSummary, shipped
from gan_core.session.snapshot import Snapshot
from ui.components import Fold, Row, run_list
from ui.formatting import ago, duration, plain, short, size
from ui.runs import selection
from ui.runs.thumbnails import thumbnail
from ui.server import pool

_ORDERS: Mapping[str, Callable[[RunSummary], tuple[bool, float] | str]] = {
    "Newest first": lambda run: (False, -run.modified),
    "Best quality first": lambda run: (run.quality is None, run.quality or 0),
    "Longest first": lambda run: (False, -run.seconds),
    "Largest first": lambda run: (False, -run.bytes),
    "By name": lambda run: run.name.lower(),
}
_MIN_RUNS_FOR_SEARCH = 6
_DATE = re.compile(r"\d{4}-\d\d-\d\d-")


def panel(runs: Sequence[RunSummary]) -> None:
    """Search, filters and the list."""
    shown = _sorted(_matching(runs)) if len(runs) >= _MIN_RUNS_FOR_SEARCH else list(runs)
    now = {session.snapshot().run_id: session.snapshot() for session in pool().live().values()}
    if shown:
        found = comparisons(runs)
        rows = [_row(run, now.get(run.id), found.get(run.id)) for run in shown]
        folds = dict.fromkeys(found.values())
        run_list(rows, list(folds), "run-list", selection.chosen(), len(shown) < len(runs), selection.choose)
    else:
        st.caption("No run has these words and tags.")


def comparisons(runs: Sequence[RunSummary]) -> Mapping[str, Fold]:
    """The comparison that a run belongs to, by the id of the run."""
    return _comparisons(pool().store.root, frozenset(run.id for run in runs))


@st.cache_data(ttl=10, max_entries=1, show_spinner=False)
def _comparisons(root: Path, run_ids: Set[str]) -> Mapping[str, Fold]:
    """The comparison that a run was trained for, by the id of the run; read again when a run is new."""
    studies = StudyStore(root).studies_of_runs()
    folds = {study.id: Fold(study.id, study.comparison.title, _about(study)) for study in studies.values()}
    alike = Counter((fold.title, fold.about) for fold in folds.values())
    told_apart = {
        id: replace(fold, about=f"{fold.about} · {id[-6:]}") if alike[fold.title, fold.about] > 1 else fold
        for id, fold in folds.items()
    }
    return {run_id: told_apart[study.id] for run_id, study in studies.items()}


def _about(study: Study) -> str:
    """What differs between the runs of a comparison, and the day on which it was started, which its id begins with."""
    day = study.id[:10] if _DATE.match(study.id) else ""
    axes = " and ".join(axis.title for axis in study.comparison.axes)
    return " · ".join(filter(None, [f"Differ in {axes}" if axes else "", day]))


def _matching(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """The runs that contain every word of the search and have every selected tag."""
    tags = sorted({tag for run in runs for tag in run.tags}, key=str.lower)
    with st.container(horizontal=True, vertical_alignment="bottom", key="find-runs"):
        words = st.text_input("Search", placeholder="Search", label_visibility="collapsed", width="stretch", key="find")
        st.selectbox("Order", list(_ORDERS), label_visibility="collapsed", width=180, key="order-runs")
    if tags:
        st.pills("Tags", tags, selection_mode="multi", format_func=plain, label_visibility="collapsed", key="find-tags")
    wanted = set(st.session_state.get("find-tags") or ()) & set(tags)
    return [
        run for run in runs if wanted <= set(run.tags) and all(word in _text(run) for word in words.lower().split())
    ]


def _text(run: RunSummary) -> str:
    parts = run.name, run.id, title(run), run.config.dataset.label, run.notes, *run.tags, run.health or "", run.status
    return " ".join(parts).lower()


def _sorted(runs: Sequence[RunSummary]) -> list[RunSummary]:
    return sorted(runs, key=_ORDERS[st.session_state.get("order-runs", "Newest first")])


def title(run: RunSummary) -> str:
    """The title of the preset that the run began as."""
    return presets.title(run.config.preset)


def name(run: RunSummary) -> str:
    """The run's name, or the title of its preset with the end of its id."""
    return run.name if run.name != run.id else f"{title(run)}, {run.id[-6:]}"


def store_of(run_id: str) -> RunStore:
    """The store that holds the run."""
    return shipped.store_of(run_id, pool().store)


def quality(run: RunSummary) -> str:
    """The last evaluation, such as "Fréchet distance 12.3 at step 800"; "" if there was no evaluation."""
    if run.quality is None:
        return ""
    return f"{METRICS[run.metric].label} {short(run.quality)} at step {run.evaluated_at or 0:,}"


def _row(run: RunSummary, now: Snapshot | None, comparison: Fold | None) -> Row:
    step, seconds = (run.step, run.seconds) if now is None else (now.step, now.seconds)
    device = {"cuda": "GPU", "mps": "GPU", "cpu": "CPU"}.get(run.device, "")
    picture = f"picture of step {run.frame:,}" if run.frame not in (None, step) else ""
    facts = f"step {step:,}", picture, duration(seconds), device, size(run.bytes), _age(run)
    label = title(run)
    return Row(
        id=run.id,
        name=name(run).removeprefix(f"{comparison.title}: " if comparison else ""),
        picture=thumbnail(store_of(run.id).root / run.id, run.frame),
        about=f"{label} · {run.config.dataset.label}",
        facts=" · ".join(filter(None, facts)),
        quality=quality(run),
        status=now.status if now is not None else "shipped" if shipped.is_shipped(run.id) else _status(run),
        training=now is not None and now.status == "training",
        trouble=_trouble(run, now),
        tags=run.tags,
        comparison=comparison.id if comparison else "",
    )


def _age(run: RunSummary) -> str:
    """The time since the last change; "" for a shipped run, whose files are as old as the installation."""
    return "" if shipped.is_shipped(run.id) else ago(time.time() - run.modified)


def _trouble(run: RunSummary, now: Snapshot | None) -> str:
    """The title of the worst failure mode: of the session that trains the run, or as recorded."""
    if now is None or now.status == "ready":
        return run.health or ""
    return next((finding.title for finding in now.health if finding.bad), "")


def _status(run: RunSummary) -> str:
    """The status of a run that is not open; the last event of a killed run is its last save."""
    return {"saved": "interrupted", "started": "interrupted", "created": "never started"}.get(run.status, run.status)

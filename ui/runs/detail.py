"""All about one run: name, actions, status, samples, curves, notes and forks."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st

from gan_core import data, losses
from gan_core.losses.descriptions import describe
from gan_core.losses.score_range import score_range
from gan_core.metrics.registry import METRICS
from gan_core.runs import Metadata, Run, RunError, RunSummary, archive, family, records, shipped
from gan_core.runs.summary import Stamp, stamp
from gan_core.session import saved_snapshot
from gan_core.session.snapshot import Snapshot
from gan_core.training.plane_view import Plane
from ui import run_links
from ui.charts.plane import layered_view
from ui.components import copy_link, live_chart, sample_grid, scrubber
from ui.formatting import duration, plain, short, size
from ui.runs import actions, run_list, selection
from ui.train import curves

_MAX_NAMED = 3  # damaged values


def panel(run: RunSummary, runs: list[RunSummary]) -> None:
    """The parts from top to bottom."""
    folder = run_list.store_of(run.id).open(run.id)
    _heading(run)
    actions.bar(run, runs)
    _facts(run)
    for text in _problems(folder.path, stamp(folder)):
        st.caption(f":material/warning: {plain(text)}")
    now = _snapshot(folder.path, stamp(folder))
    left, right = st.columns([5, 7], gap="medium")
    with left:
        _samples(folder, now)
    with right:
        if len(now.history):
            curves.panel(now, selection.STEP)
        else:
            st.caption("No step of this run was recorded.")
    if not shipped.is_shipped(run.id):
        _metadata_form(folder, run)
    _forks(run, runs)


@lru_cache(maxsize=8)
def _problems(folder: Path, changed: Stamp) -> list[str]:
    """What the lists leave out because it is damaged, and what an export leaves out."""
    found = records.describe(records.damage(folder))
    more = [f"and {len(found) - _MAX_NAMED:,} more damaged values"] if len(found) > _MAX_NAMED else []
    left_out = [f"Left out, because it is damaged: {text}" for text in [*found[:_MAX_NAMED], *more]]
    return [*left_out, *filter(None, [archive.left_out(Run(folder))])]


@lru_cache(maxsize=8)
def _snapshot(folder: Path, changed: Stamp) -> Snapshot:
    return saved_snapshot(Run(folder))


def _heading(run: RunSummary) -> None:
    st.subheader(plain(run_list.name(run)), anchor=False)
    parts = run_list.title(run), run.config.dataset.label, run.id
    st.caption(" · ".join(map(plain, parts)))


def _facts(run: RunSummary) -> None:
    checkpoints = f"{len(run.checkpoints)} checkpoint{'s' if len(run.checkpoints) != 1 else ''}"
    parts = [f"step {run.step:,}", duration(run.seconds), checkpoints, size(run.bytes)]
    if run.quality is not None:
        best = f" (best {short(run.best)})" if run.best is not None else ""
        at = f" at step {run.evaluated_at:,}" if run.evaluated_at is not None else ""
        parts.append(f"{METRICS[run.metric].label} **{short(run.quality)}**{at}{best}")
    if run.health:
        parts.append(f":yellow[:material/warning:] {plain(run.health)}")
    st.markdown(" · ".join(parts))


def _samples(folder: Run, now: Snapshot) -> None:
    if not now.frames:
        st.caption("No picture of this run was kept.")
        return
    step = selection.step()
    if step is None or step not in now.frames:
        step = now.frames[-1]
    try:
        frame = folder.frame(step)
    except RunError as error:
        st.warning(plain(str(error)))
        return
    average = " · moving average of G" if now.config.ema_decay else ""
    st.caption(f"Generated at step {step:,}{average}")
    if isinstance(frame, Plane):
        _plane(frame, now)
    else:
        sample_grid(frame, "rest-samples", columns=8, label="generated samples", largest=48)
    scrubber(now.frames, "rest-line", selection.step(), selection.move, live=False)
    copy_link("link", run_links.where(now.run_id, step), run_links.link("runs", now.run_id, step))


def _plane(plane: Plane, now: Snapshot) -> None:
    score_name = describe(losses.get(now.config.loss.name)).score_name
    span = score_range(now.config.loss.name, lambda: plane.scores)
    real = data.load(now.config).examples[:500].numpy()
    live_chart(
        layered_view(plane, real, plane.fakes, span, score_name),
        key="rest-plane",
        height="square",
        uirevision=now.run_id,
    )


def _metadata_form(folder: Run, run: RunSummary) -> None:
    """Name, tags and notes, saved on every change."""
    with st.expander("Name, tags and notes", icon=":material/edit_note:", expanded=bool(run.notes)):
        keys = [f"{part}-{run.id}" for part in ("name", "tags", "notes")]
        args = (folder, *keys)
        name = run.name if run.name != run.id else ""
        st.text_input("Name", name, max_chars=80, placeholder=run.id, key=keys[0], on_change=_save_metadata, args=args)
        st.multiselect(
            "Tags",
            sorted(set(run.tags), key=str.lower),
            list(run.tags),
            accept_new_options=True,
            placeholder="Type a tag, then Enter",
            key=keys[1],
            on_change=_save_metadata,
            args=args,
        )
        st.text_area("Notes", run.notes, max_chars=10_000, key=keys[2], on_change=_save_metadata, args=args)


def _save_metadata(folder: Run, name: str, tags: str, notes: str) -> None:
    kept = folder.metadata()
    read = st.session_state.get  # a page that was left while it was drawn has not all three widgets
    metadata = Metadata.of(read(name, kept.name), read(tags, list(kept.tags)), read(notes, kept.notes))
    if metadata == kept:
        return
    try:
        folder.write_metadata(metadata)
    except OSError as error:
        actions.show_error(f"Cannot write to {folder.path}: {error.strerror}")


def _forks(run: RunSummary, runs: list[RunSummary]) -> None:
    """The run's ancestors and forks, each as a button that selects it."""
    tree = family(run.id, runs)
    if len(tree) < 2:
        return
    st.markdown("**Forks**")
    for branch in tree:
        other = branch.run
        stem = "\u2003" * (branch.depth - 1) + "└ " if branch.depth else ""
        at = f" · from step {other.forked_at:,}" if branch.depth else ""
        here = " · this run" if other.id == run.id else ""
        st.button(
            f"{stem}{plain(run_list.name(other))}{at} · step {other.step:,} {plain(run_list.quality(other))}{here}",
            key=f"branch-{other.id}",
            type="tertiary",
            disabled=other.id == run.id,
            on_click=selection.choose,
            args=(other.id,),
        )

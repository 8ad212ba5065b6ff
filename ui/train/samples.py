"""Generated samples beside real ones; for points, the layered view."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import streamlit as st

from gan_core import data, losses
from gan_core.config import TrainConfig
from gan_core.losses.descriptions import describe
from gan_core.losses.score_range import score_range
from gan_core.runs import RunError
from gan_core.session.snapshot import SampleView, Snapshot
from gan_core.training.plane_view import Plane, extent_of
from ui.charts.plane import layered_view, points_only
from ui.components import draw_pad, live_chart, sample_grid
from ui.formatting import plain
from ui.server import pool
from ui.train import chart_help, class_picker, enlarged, health, own_pictures, picture_settings, state, timeline

GRID = "samples"  # key of the grid of generated samples
COLUMNS = 8
REAL_SHOWN = 16
LARGEST = 160  # pixels of a sample's side
LARGEST_REAL = 48
MOST_COLUMNS = 10  # of the grid with one column a class


def panel(now: Snapshot | None, corner: Callable[[Snapshot], None] = lambda now: None) -> None:
    """The samples at the step of the time line, and real examples. `corner` draws more controls in their corner."""
    config = state.draft()
    if st.session_state.pop("redrawn", False):
        st.rerun()  # the URL and the settings, outside this fragment, contain what was changed here
    if now is None or not (len(now.samples) or now.frames):
        _before_start(config)
        return
    with st.container(key="chart-samples"):
        _present(now, corner)


def _present(now: Snapshot, corner: Callable[[Snapshot], None]) -> None:
    view = _view_at(now, timeline.step_shown(now))
    with chart_help.corner("samples"):
        corner(now)
        chart_help.of_samples(plane=view.plane is not None)
    score_name = describe(losses.get(now.config.loss.name)).score_name
    span = _span(now, view)
    if view.plane is not None:
        st.caption(_at(now, view))
        real = now.real if len(now.real) else np.empty((0, 2))
        warnings = [mark.text for mark in health.evidence_on(now, "samples")] if view is now.sample_view else []
        figure = layered_view(view.plane, real, view.samples, span, score_name, warnings[0] if warnings else "")
        live_chart(figure, key="plane", height="square", uirevision=now.run_id)
        return
    chosen = None
    if now.config.classes:
        chosen = _by_class(now, view, span, score_name)
    else:
        st.caption(_title(now, view))
        sample_grid(
            view.samples,
            GRID,
            view.scores,
            COLUMNS,
            span,
            score_name,
            "generated samples",
            largest=LARGEST,
            fill="var(--samples-height)",
            on_pick=enlarged.opener(now, view, span, np.arange(len(view.samples))),
        )
    if len(now.real):
        _real(now, view, span, score_name, chosen)


def link_to_latent(now: Snapshot) -> None:
    """A link to this run on the Latent page."""
    if now.run_id:
        st.page_link(
            "pages/latent.py",
            label="Open in Latent",
            icon=":material/explore:",
            help="Walk through this generator's latent space, also while it trains",
            query_params={"run": now.run_id},
        )


def _real(now: Snapshot, view: SampleView, span: tuple[float, float], score_name: str, chosen: int | None) -> None:
    """Real examples, of the chosen class if there is one, with D's scores if they are of the step of `view`."""
    shown = np.arange(len(now.real))
    if chosen is not None and len(now.sample_view.real_classes):
        shown = np.flatnonzero(now.sample_view.real_classes == chosen)
    shown = shown[:REAL_SHOWN]
    subject = now.config.dataset.label if chosen is None else f"class {now.config.classes[chosen]}"
    credit = "" if now.config.dataset.needs == "files" else f" · {plain(now.config.dataset.credit)}"
    st.caption(f"Real: {plain(subject)}{credit}")
    room = min(REAL_SHOWN, len(now.real)), 2 * COLUMNS, LARGEST_REAL
    sample_grid(
        now.real[shown],
        "real",
        now.real_scores[shown] if view is now.sample_view else None,
        2 * COLUMNS,
        span,
        score_name,
        "real examples",
        largest=LARGEST_REAL,
        room_for=room,
        on_pick=enlarged.opener(now, view, span, shown, is_real=True),
    )


def _by_class(now: Snapshot, view: SampleView, span: tuple[float, float], score_name: str) -> int | None:
    """The samples of a conditional run, in one column a class or of one class only. Returns the chosen class."""
    names = now.config.classes
    chosen = class_picker.picker(names)
    of_sample = class_picker.of_samples(len(view.samples), names)
    every = len(names) if len(names) <= MOST_COLUMNS else COLUMNS
    if chosen is None:
        shown = np.arange(len(view.samples))
        columns = every
        order = f"a column a class, from left: {', '.join(names)}" if columns == len(names) else "every class in turn"
    else:
        shown = np.flatnonzero(of_sample == chosen)
        columns = 4
        order = f"only class {names[chosen]}"
    with st.container(key="class-told"):  # always two lines high
        st.caption(f"{_at(now, view)}: {plain(order)}.{_frames(view)}")
    sample_grid(
        view.samples[shown],
        GRID,
        view.scores[shown] if len(view.scores) else None,
        columns,
        span,
        score_name,
        "generated samples",
        largest=LARGEST,
        names=[f"class {names[i]}" for i in of_sample[shown]],
        fill="var(--samples-by-class-height)",
        on_pick=enlarged.opener(now, view, span, shown),
    )
    return chosen


def _title(now: Snapshot, view: SampleView) -> str:
    """The title of the grid, or a warning in its place, so that nothing below moves."""
    if view is now.sample_view and (warning := health.text_beside(now, "samples")):
        return f"{warning} · picture of step {view.step:,}"
    return f"{_at(now, view)}: {len(view.samples):,} images, the same random inputs each time.{_frames(view)}"


def _at(now: Snapshot, view: SampleView) -> str:
    """What the samples are, and of which step."""
    if now.status == "failed" and view is not now.sample_view and timeline.chosen_step() is None:
        return f"The last samples before the run failed, of step {view.step:,}"
    return f"Generated at step {view.step:,}"


def _frames(view: SampleView) -> str:
    """What the frames of the images mean."""
    return " Frame: D says real (green) or fake (blue)." if np.isfinite(view.scores).any() else ""


def _view_at(now: Snapshot, step: int) -> SampleView:
    """The current samples if they are of this step, or else its saved frame, which for images has no scores."""
    if len(now.samples) and (step == now.sample_view.step or timeline.chosen_step() is None):
        return now.sample_view
    try:
        frame = _frame(now.run_id, step)
    except RunError as error:
        st.session_state.scrub = None
        st.warning(plain(str(error)))
        return now.sample_view
    if isinstance(frame, Plane):
        return SampleView(frame.fakes, frame.scores, plane=frame, step=step)
    return SampleView(frame, np.full(len(frame), np.nan), step=step)


@lru_cache(maxsize=256)
def _frame(run_id: str, step: int) -> np.ndarray | Plane:
    return pool().store.open(run_id).frame(step)


def _span(now: Snapshot, view: SampleView) -> tuple[float, float]:
    """The scores to draw as fully fake and fully real: 0 and 1, or a critic's lowest and highest at the step shown."""
    real = now.real_scores if view is now.sample_view else np.empty(0)
    return score_range(now.config.loss.name, lambda: np.concatenate((view.scores, real)))


def _before_start(config: TrainConfig) -> None:
    """Real data before the first run; for a drawn distribution, the drawing pad."""
    if config.data.name == "drawn":
        st.caption("Draw the distribution that the generator shall learn")
        draw_pad("pad", config.data.points, on_draw=_on_draw)
        return
    if config.dataset.needs == "files":
        if own_pictures.are_missing(config):
            own_pictures.picker()
        else:
            picture_settings.pictures(config)
        return
    entry = config.dataset
    st.caption(f"Real: {plain(f'{entry.label} · {entry.description} · {entry.credit}')}")
    if entry.needs == "network":
        st.info(f"{plain(entry.label)} is downloaded once, when you press Start. Offline, choose MNIST 5k or Sprites.")
    else:
        _preview(config)


def _preview(config: TrainConfig) -> None:
    try:
        with st.spinner(f"Loading {plain(config.dataset.label)}"):
            dataset = data.load(config)
    except data.DataError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    for note in dataset.notes:
        st.caption(plain(note))
    if config.dataset.kind == "points":
        figure = points_only(dataset.examples[:1000].numpy(), extent_of(dataset.examples))
        live_chart(figure, key="preview", height="square")
    else:
        pictures = dataset.examples[:64].permute(0, 2, 3, 1).numpy()
        sample_grid(pictures, "preview", None, COLUMNS, label="real examples", largest=LARGEST_REAL)


def _on_draw(points: tuple[tuple[float, float], ...]) -> None:
    if points == state.draft().data.points:
        return  # reported again by a browser that still shows the pad after Start has replaced it
    state.edit(state.draft().with_values({"data.points": points}))
    st.session_state.redrawn = True

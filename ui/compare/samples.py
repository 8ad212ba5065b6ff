"""Samples of each variant from the same latents at the same step, with one time line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st

from gan_core import data
from gan_core.compare import Results, Study
from gan_core.compare.measures import TrialData
from gan_core.config import TrainConfig
from gan_core.runs import Run, RunError
from gan_core.runs.shipped import store_of
from gan_core.training.plane_view import Plane
from ui.charts.plane import clouds
from ui.components import live_chart, sample_grid, scrubber
from ui.formatting import plain

_SHOWN, _ACROSS = 24, 6  # images of each run
_POINTS = 400


def moment(study: Study) -> int | None:
    """The step that is selected on the time line; None for the last."""
    return st.session_state.get(_key(study))


def show_step(study: Study, step: int) -> None:
    """Select a step; one without samples shows the last."""
    st.session_state[_key(study)] = step


def move(study: Study, results: Results, step: float) -> None:
    """Select the step with samples that is nearest to this one."""
    moments = _moments(results)
    if moments:
        st.session_state[_key(study)] = min(moments, key=lambda kept: abs(kept - step))


def panel(study: Study, results: Results) -> None:
    """The seed, the samples of each variant, and the time line."""
    moments = _moments(results)
    if not moments:
        return
    step = moment(study)
    at = step if step in moments else moments[-1]
    seeds = sorted({run.seed for run in results.runs if not run.added_run})
    with st.container(horizontal=True, vertical_alignment="center", key="compare-samples"):
        same = " of the same latents" if study.comparison.axes else ""  # added runs have other seeds
        st.markdown(f"**Samples{same}, step {at:,}**", width="content")
        seed = _seed(study, seeds)
    if study.comparison.base.dataset.kind == "points":
        st.caption(":green[●] real · :orange[●] generated")
    with st.container(horizontal=True, key="compare-pictures"):
        for variant, title in results.titles.items():
            if (run := _shown(results, variant, seed)) is not None:
                with st.container(width=238, gap="xsmall"):
                    _picture(study, run, title, at)
    scrubber(
        moments, f"compare-line-{study.id}", step, lambda step: st.session_state.update({_key(study): step}), live=False
    )


def _seed(study: Study, seeds: Sequence[int]) -> int | None:
    """The seed whose samples are shown; all runs of a seed have the same latents."""
    if len(seeds) < 2:
        return seeds[0] if seeds else None
    chosen: int = st.segmented_control(
        "Seed", seeds, default=seeds[0], format_func=lambda seed: f"seed {seed:d}", key=f"compare-seed-{study.id}",
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    return chosen


def _moments(results: Results) -> tuple[int, ...]:
    """The steps at which all variants have samples; if there are none, as with added runs, the steps of any run."""
    return results.frames or tuple(sorted({step for run in results.runs for step in run.frames}))


def _shown(results: Results, variant: str, seed: int | None) -> TrialData | None:
    """The variant's run with this seed; an added run counts for every seed."""
    runs = results.runs_of(variant)
    return next((run for run in runs if run.seed == seed), runs[0] if runs and runs[0].added_run else None)


def _picture(study: Study, run: TrialData, title: str, at: int) -> None:
    kept = [step for step in run.frames if step <= at]
    other = f" · step {kept[-1]:,}" if kept and kept[-1] != at else ""
    st.caption(f"{plain(title)}{other}")
    if not kept:
        st.caption("No picture yet.")
        return
    try:
        frame = _frame(store_of(run.run_id, study.library).root / run.run_id, kept[-1])
    except RunError as error:
        st.caption(plain(str(error)))
        return
    key = f"compare-picture-{run.key}"
    if isinstance(frame, Plane):
        live_chart(clouds(_real(run.config), frame.fakes[:_POINTS], frame.extent), key, "square", run.run_id)
    else:
        sample_grid(frame[:_SHOWN], key, columns=_ACROSS, label=f"samples of {title}", largest=40, rim=0)


@lru_cache(maxsize=512)
def _frame(folder: Path, step: int) -> np.ndarray | Plane:
    return Run(folder).frame(step)


@lru_cache(maxsize=8)
def _real(config: TrainConfig) -> np.ndarray:
    return data.load(config).examples[:_POINTS].numpy()


def _key(study: Study) -> str:
    return f"compare-moment-{study.id}"

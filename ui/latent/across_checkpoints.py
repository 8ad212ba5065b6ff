"""Across time: one latent through all checkpoints of a run, and beside it through other runs."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from gan_core.latent import Model
from gan_core.runs import RunError
from ui.components import sample_grid
from ui.components.film import film
from ui.latent import downloads, sources, state, thumbnails
from ui.latent.sources import Source

_MOST = 24  # moments of a run that are shown
_FPS = 6
_SIDE = 160  # pixels of a picture


def panel(source: Source, model: Model) -> None:
    """A film of learning, its frames in a row, and other runs of the same size of z for company."""
    steps = source.run.checkpoints()
    if steps:
        _film(source, model, steps)
    _company(source, model)


def _film(source: Source, model: Model, steps: list[int]) -> None:
    shown = [steps[i] for i in np.unique(np.linspace(0, len(steps) - 1, min(_MOST, len(steps))).round().astype(int))]
    frames, told = _through(source, model, shown)
    if not len(frames):
        st.info("None of this run's checkpoints can be shown.", icon=":material/info:")
        return
    left, right = st.columns([3, 8], gap="medium")
    with left:
        captions = [f"step {step:,}" for step in told]
        film(frames, "learning", captions, fps=_FPS, loop=False, largest=224, label="film of learning")
    with right:
        st.caption(f"The same latent at {len(told)} checkpoints of this run, the oldest first")
        sample_grid(
            frames,
            "learning-strip",
            columns=min(12, len(frames)),
            label="the same latent through the checkpoints",
            names=captions,
            smallest=40,
            largest=80,
        )
        if len(told) == 1:
            st.caption("Train with record.keep above 1 for a longer film: a run keeps only its last few checkpoints.")
        else:
            downloads.buttons(frames, frames, _FPS, "learning")


def _through(source: Source, model: Model, steps: list[int]) -> tuple[np.ndarray, list[int]]:
    """What each checkpoint makes of the current latent, and the steps of those that can be read."""
    latent_point, z = state.latent_point(), state.latent_point().z(state.direction_basis(model))
    made, told = [], []
    for step in steps:
        try:
            then = source.model(str(step), state.tab().raw)
        except RunError:
            continue  # torn, or pruned a moment ago: the others still tell the story
        made.append(thumbnails.of(model, then.pictures(z[None], **latent_point.told(model)))[0])
        told.append(step)
    return np.stack(made) if made else np.empty((0, 1, 1, 1), np.uint8), told


def _company(source: Source, model: Model) -> None:
    """The same latent in other runs, side by side."""
    others = {each.id: each for each in sources.all_sources() if each.id != source.id and _alike(each, model)}
    if not others:
        st.caption(f"No other run has latents of {model.z_size} numbers to show the same one in.")
        return
    chosen = st.multiselect(
        "The same latent in other runs",
        list(others),
        default=list(others)[:3],
        format_func=lambda id: others[id].title,
        key=f"time.others.{model.z_size}",
        max_selections=6,
    )
    columns = st.columns(max(4, len(chosen) + 1), gap="small")
    z = state.latent_point().z(state.direction_basis(model))
    _one(columns[0], source.title, model, z, 0)
    for i, id in enumerate(chosen):
        try:
            _one(columns[i + 1], others[id].title, others[id].model(sources.LAST, state.tab().raw), z, i + 1)
        except RunError as error:
            columns[i + 1].caption(str(error))


def _one(column: DeltaGenerator, title: str, model: Model, z: Tensor, index: int) -> None:
    """One run's picture of the latent, under its title."""
    latent_point = state.latent_point().fitted(model)
    with column:
        samples = model.pictures(z[None], label=latent_point.label, psi=latent_point.psi)
        sample_grid(thumbnails.of(model, samples), f"company-{index}", columns=1, label=f"from {title}", largest=_SIDE)
        st.caption(f"{title}, step {model.step:,}")


def _alike(source: Source, model: Model) -> bool:
    """Whether a run's latents are drawn as this model's, so that one can be shown in both."""
    try:
        return source.run.config.latent == model.config.latent and bool(source.run.checkpoints())
    except RunError:
        return False

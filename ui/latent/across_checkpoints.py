"""Across time: one latent through the checkpoints of a run, and the same latent in other runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from torch import Tensor

from gan_core.latent import Model
from gan_core.runs import RunError
from ui.components import sample_grid
from ui.components.film import film
from ui.formatting import plain
from ui.latent import downloads, sources, thumbnails
from ui.latent.sources import Source
from ui.latent.view import LAST, LatentView

_MOST = 24  # checkpoints that are shown
_FPS = 6
_SIDE = 160  # pixels of a picture of another run


def panel(view: LatentView, source: Source, model: Model) -> None:
    """A film of learning, its frames in a row, and the latent in other runs whose latents have the same size."""
    z = view.z(model)
    if steps := source.run.checkpoints():
        _learning(view, source, model, z, steps)
    _other_runs(view, source, model, z)


def _learning(view: LatentView, source: Source, model: Model, z: Tensor, steps: Sequence[int]) -> None:
    chosen = np.unique(np.linspace(0, len(steps) - 1, min(_MOST, len(steps))).round().astype(int))
    frames = {}
    for step in (steps[i] for i in chosen):
        try:
            checkpoint = source.model(str(step), view.raw)
        except RunError:
            continue  # damaged, or deleted a moment ago: the other checkpoints are still worth showing
        frames[step] = thumbnails.images_of(model, view.samples(checkpoint, z[None]))[0]
    if not frames:
        st.info("None of this run's checkpoints can be shown.", icon=":material/info:")
        return
    pictures, captions = np.stack(list(frames.values())), [f"step {step:,}" for step in frames]
    left, right = st.columns([3, 8], gap="medium")
    with left:
        film(pictures, "learning", captions, fps=_FPS, loop=False, largest=224, label="film of learning")
    with right:
        st.caption(f"The same latent at {len(frames)} checkpoints of this run, the oldest first")
        sample_grid(
            pictures,
            "learning-strip",
            columns=min(12, len(frames)),
            label="the same latent through the checkpoints",
            names=captions,
            smallest=40,
            largest=80,
        )
        if len(frames) == 1:
            st.caption("Train with record.keep above 1 for a longer film: a run keeps only its last few checkpoints.")
        else:
            downloads.buttons(pictures, pictures, _FPS, "learning")


def _other_runs(view: LatentView, source: Source, model: Model, z: Tensor) -> None:
    others = {each.id: each for each in sources.all_sources() if each.id != source.id and _is_alike(each, model)}
    if not others:
        st.caption(f"No other run has latents of {model.z_size:,} numbers to show the same one in.")
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
    for i, each in enumerate([source, *(others[id] for id in chosen)]):
        with columns[i]:
            try:
                shown = each.model(LAST, view.raw) if i else model
            except RunError as error:
                st.caption(plain(str(error)))
                continue
            point = view.point.fit_to(shown)
            sample = thumbnails.images_of(shown, shown.pictures(z[None], label=point.label, psi=point.psi))
            sample_grid(sample, f"other-run-{i}", columns=1, label=f"from {each.title}", largest=_SIDE)
            st.caption(f"{plain(each.title)}, step {shown.step:,}")


def _is_alike(source: Source, model: Model) -> bool:
    """Whether a run has a checkpoint and its latents come from the same distribution as the model's."""
    try:
        return source.run.config.latent == model.config.latent and bool(source.run.checkpoints())
    except RunError:
        return False

"""The first row of the page: the model, the moment of its training, and which of G's weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from ui import run_links
from ui.components import copy_link
from ui.latent import state
from ui.latent.controls import view_choice
from ui.latent.sources import Source
from ui.latent.view import BEST, LAST, NOW, LatentView
from ui.widgets import showing

_MOMENTS = {NOW: "now, in training", LAST: "last checkpoint", BEST: "best checkpoint"}
_AVERAGE, _RAW = "EMA", "raw"


def panel(view: LatentView, source: Source, found: Sequence[Source]) -> None:
    """The choice of model, checkpoint and weights. A change draws the whole page."""
    with st.container(horizontal=True, vertical_alignment="center", key="latent-choice"):
        titles = {each.id: _title(each) for each in found}
        st.selectbox(
            "Model",
            list(titles),
            list(titles).index(source.id),
            format_func=lambda id: titles.get(id, id),
            label_visibility="collapsed",
            width=360,
            **showing("latent.source", source.id, state.change_here(_choose)),
        )
        if moments := source.moments():
            st.selectbox(
                "Checkpoint",
                moments,
                moments.index(view.moment),
                format_func=lambda moment: _MOMENTS.get(moment) or f"step {int(moment):,}",
                label_visibility="collapsed",
                width=190,
                **showing(
                    "latent.moment",
                    view.moment,
                    state.change_here(lambda view, moment: replace(view, moment=moment)),
                ),
            )
        if source.run.config.ema_decay:
            view_choice(
                "Weights of G",
                [_AVERAGE, _RAW],
                "latent.weights",
                _RAW if view.raw else _AVERAGE,
                lambda view, name: replace(view, raw=name == _RAW),
                "EMA: the moving average of G's weights, which samples usually come from. Raw: G as it trains.",
            )

        copy_link("link", run_links.where(source.id))


def _choose(view: LatentView, id: str) -> LatentView:
    return replace(view, source=id, moment="", page=0)


def _title(source: Source) -> str:
    return f"● {source.title}" if source.live else f"{source.title} · shipped" if source.shipped else source.title

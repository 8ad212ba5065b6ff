"""The first row of the page: which model, at which moment of its training, with which of G's weights."""

from __future__ import annotations

import streamlit as st

from ui.latent import sources, state
from ui.latent.sources import Source
from ui.widgets import show_value

_WORDS = {sources.NOW: "now, in training", sources.LAST: "last checkpoint", sources.BEST: "best checkpoint"}
_AVERAGE, _RAW = "EMA", "raw"


def model(found: list[Source], source: Source) -> None:
    """The run, its moment and its weights."""
    here = state.tab()
    with st.container(horizontal=True, vertical_alignment="center", key="latent-choice"):
        titles = {each.id: _title(each) for each in found}
        show_value("latent.source", source.id)
        st.selectbox(
            "Model",
            list(titles),
            format_func=lambda id: titles.get(id, id),
            key="latent.source",
            label_visibility="collapsed",
            width=360,
            on_change=_choose_source,
        )
        moments = source.moments()
        if moments:
            show_value("latent.moment", here.moment)
            st.selectbox(
                "Checkpoint",
                moments,
                format_func=lambda moment: _WORDS.get(moment) or f"step {int(moment):,}",
                key="latent.moment",
                label_visibility="collapsed",
                width=190,
                on_change=_choose_moment,
            )
        _weights(source)


def _weights(source: Source) -> None:
    """EMA or raw, where the run keeps an average of G's weights."""
    if not source.run.config.ema_decay:
        return
    show_value("latent.weights", _RAW if state.tab().raw else _AVERAGE)
    st.segmented_control(
        "Weights of G",
        [_AVERAGE, _RAW],
        key="latent.weights",
        required=True,
        label_visibility="collapsed",
        on_change=_choose_weights,
        help="EMA: the moving average of G's weights, which samples usually come from. Raw: G as it trains.",
    )


def _title(source: Source) -> str:
    return f"● {source.title}" if source.live else f"{source.title} · shipped" if source.shipped else source.title


def _choose_source() -> None:
    here = state.tab()
    here.source, here.moment, here.page = st.session_state["latent.source"], "", 0


def _choose_moment() -> None:
    state.tab().moment = st.session_state["latent.moment"]


def _choose_weights() -> None:
    state.tab().raw = st.session_state["latent.weights"] == _RAW

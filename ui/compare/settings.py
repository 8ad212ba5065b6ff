"""The settings that differ between variants: a row for each setting, a column for each variant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan_core.compare import Comparison, Results, fairness
from gan_core.config.schema import as_text
from ui.formatting import plain
from ui.train.form import label


def of_plan(plan: Comparison) -> None:
    """The table of a comparison that has not started."""
    configs = {variant.id: variant.applied_to(plan.base) for variant in plan.variants}
    _table({variant.id: variant.title for variant in plan.variants}, plan.compared_settings(configs))


def fairness_of(plan: Comparison) -> None:
    """The learning rates of compared optimisers, and a warning about everything else that may explain a difference."""
    if rates := fairness.rates(plan):
        st.caption(plain(rates))
    if confounds := fairness.confounds(plan):
        st.warning("\n\n".join(plain(sentence) for sentence in confounds), icon=":material/balance:")


def panel(results: Results) -> None:
    """The table of all variants and added runs."""
    differing = results.differences()
    if differing:
        _table(results.titles, differing)
    else:
        st.caption("Their settings are the same; only seeds and lengths may differ.")


def _table(titles: Mapping[str, str], differing: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [
        {"Setting": f"{label(key)} ({key})"}
        | {title: as_text(values[id]) for id, title in titles.items() if id in values}
        for key, values in differing.items()
    ]
    st.dataframe(rows, hide_index=True, column_config={"Setting": st.column_config.TextColumn(pinned=True)})

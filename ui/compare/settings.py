"""What differs between the variants: a row for each setting, a column for each variant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan_core.compare import Comparison, Results
from gan_core.config.schema import as_text
from ui.train.form import label


def of_plan(plan: Comparison) -> None:
    """Of a comparison that has not begun."""
    changes = {variant.id: plan.differences(variant) for variant in plan.variants}
    keys = dict.fromkeys(key for changed in changes.values() for key in changed)
    differing = {key: {id: changed.get(key, plan.base.value(key)) for id, changed in changes.items()} for key in keys}
    _table({variant.id: variant.title for variant in plan.variants}, differing)


def panel(results: Results) -> None:
    """Of all variants and added_runs."""
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

"""The table of measures: a row for each variant."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gan_core.compare import MEASURES, Row
from gan_core.metrics.registry import METRICS
from gan_core.system.files import spreadsheet_text
from ui.compare.background_results import StudyResults

_COLUMNS = ("quality", "best", "level", "loss_noise", "seconds", "speed", "memory")


def panel(current: StudyResults) -> None:
    """The table, with medians over the seeds."""
    st.markdown(f"**Figures{'' if current.is_final else ' so far'}**, medians over the seeds")
    st.dataframe(
        [_cells(row) for row in current.rows],
        hide_index=True,
        key="compare-table",
        placeholder="–",  # not reached or not measured
        column_config={"Variant": st.column_config.TextColumn(pinned=True)} | _columns(current),
    )
    st.caption(
        "Click a heading to sort. A lower distance or divergence is better. Loss noise, time, speed and memory "
        "describe the training; they do not say which samples are better."
    )


def _columns(current: StudyResults) -> dict[str, Any]:
    quality = METRICS[current.results.metric].label
    labels = {"quality": f"{quality}, end", "best": f"{quality}, best", "memory": "Memory, MB"}
    return {
        name: st.column_config.NumberColumn(
            labels.get(name, _with_unit(name)),
            help=MEASURES[name].description,
            format="plain",  # the cells have three digits already,
        )
        for name in _COLUMNS
    }


def _with_unit(name: str) -> str:
    measure = MEASURES[name]
    label = measure.label[:1].upper() + measure.label[1:]
    return f"{label}, {measure.unit}" if measure.unit else label


def _cells(row: Row) -> dict[str, Any]:
    units = {"memory": 1e6}  # megabytes
    found = {name: row.values[name] for name in _COLUMNS}
    values = {
        name: None if value is None else float(f"{value / units.get(name, 1.0):.3g}") for name, value in found.items()
    }
    named = ", ".join(f"{id.replace('-', ' ')} ({count})" for id, count in row.failure_modes.items())
    failed = f", {row.failed} failed" if row.failed else ""
    return {"Variant": spreadsheet_text(row.title), "Runs done": f"{row.finished} of {row.runs}{failed}", **values} | {
        "Failure modes (runs)": named or "none named"
    }

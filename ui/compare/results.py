"""The results so far: verdict, curves, samples, table and settings."""

from __future__ import annotations

import streamlit as st

from gan_core.compare import Study
from ui.compare import curves, samples, settings, table, verdict
from ui.compare.background_results import StudyResults


def panel(study: Study, reading: StudyResults) -> None:
    """All results, the verdict first once it is final."""
    if not reading.results.runs:
        st.info(
            "The first curves and pictures come with the first steps; a worker needs some seconds to begin.",
            icon=":material/hourglass_top:",
        )
        return
    left, right = st.columns([7, 5], gap="large")
    with left:
        if reading.is_final:
            verdict.panel(reading)
        curves.panel(study, reading)
        if not reading.is_final:
            verdict.later(reading)
    with right:
        samples.panel(study, reading.results)
    table.panel(reading)
    with st.expander("What differs", icon=":material/difference:"):
        settings.panel(reading.results)

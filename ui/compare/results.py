"""What has come out so far: curves beside the verdict, samples of the same moment, the table, the settings."""

from __future__ import annotations

import streamlit as st

from gan_core.compare import Study
from ui.compare import curves, samples, settings, table, verdict
from ui.compare.background_results import StudyResults


def panel(study: Study, reading: StudyResults) -> None:
    """Everything that is shown of the results, from the answer to its evidence."""
    if not reading.results.runs:
        st.info(
            "The first curves and pictures come with the first steps; a worker needs some seconds to begin.",
            icon=":material/hourglass_top:",
        )
        return
    left, right = st.columns([7, 5], gap="large")
    with left:
        if reading.settled:
            verdict.panel(reading)
        curves.panel(study, reading)
        if not reading.settled:
            verdict.later(reading)
    with right:
        samples.panel(study, reading.results)
    table.panel(reading)
    with st.expander("What differs", icon=":material/difference:"):
        settings.panel(reading.results)

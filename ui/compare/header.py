"""The title of a study, with buttons to add to it, export it and leave it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from gan_core.compare import Study, results_of
from gan_core.compare.analysis import report
from ui.compare import add, state
from ui.formatting import plain


def panel(study: Study) -> None:
    """Title, claim and buttons."""
    plan = study.comparison
    with st.container(horizontal=True, vertical_alignment="center", key="compare-heading"):
        st.subheader(plain(plan.title), anchor=False, width="stretch")
        st.button("All comparisons", icon=":material/arrow_back:", type="tertiary", on_click=state.leave)
        add.panel(study)
        with st.popover("Export", icon=":material/download:"):
            _export(study)
    if plan.claim:
        st.caption(f"Claim: {plain(plan.claim)} {plain(plan.source)}")


def _export(study: Study) -> None:
    """Downloads of the current results, made on request."""
    kinds: Mapping[str, tuple[str, str, Callable[[], str | bytes]]] = {
        "Report (HTML)": ("report.html", "text/html", lambda: report.html(results_of(study), study)),
        "Figures of each run (CSV)": ("results.csv", "text/csv", lambda: report.csv(results_of(study))),
        "Everything measured (JSON)": ("results.json", "application/json", lambda: report.json(results_of(study))),
        "Samples of each variant (PNG)": ("samples.png", "image/png", lambda: report.png(results_of(study), study)),
    }
    for label, (name, mime, content) in kinds.items():
        file = f"{study.comparison.id}-{name}"
        st.download_button(label, data=content, file_name=file, mime=mime, on_click="ignore", width="stretch")
    st.caption("The report is one page that needs no network. The chart saves itself: PNG, in its corner.")

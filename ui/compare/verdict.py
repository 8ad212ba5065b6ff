"""The verdict in words, with the tests behind it, and the outcome of the source's claim."""

from __future__ import annotations

import streamlit as st

from gan_core.compare import Verdict
from ui.compare import ready_made, settings
from ui.compare.background_results import StudyResults
from ui.formatting import plain


def panel(current: StudyResults) -> None:
    """The claims, then every variant against the reference."""
    st.markdown("**Verdict**")
    plan = current.results.comparison
    if not plan.axes:
        st.info(
            "These runs were not trained for one comparison: they may differ in more than one thing, so they are shown "
            "and not tested. *What differs* below tells in what.",
            icon=":material/info:",
        )
        return
    settings.fairness_of(plan)
    for result in current.claims:
        st.markdown(f"{ready_made.outcome(result.outcome)} {plain(result.claim.says)}")
        st.caption(plain(result.text))
    _differences(current)
    reference = plain(current.results.titles[plan.reference_id])
    with st.expander(f"Every test against {reference}", icon=":material/query_stats:"):
        for verdict in current.verdicts:
            st.markdown(f"{_sign(verdict)} {plain(verdict.text)}")
        st.caption(
            "Paired t-tests over the seeds, corrected by Holm for all of these; with few seeds only large differences "
            "can be shown."
        )


def _differences(current: StudyResults) -> None:
    """The differences that the tests show, or a sentence that they show none."""
    tested = [verdict for verdict in current.verdicts if verdict.p is not None]
    shown = [verdict for verdict in tested if verdict.better is not None]
    for verdict in shown:
        winner = plain(current.results.titles[verdict.better or ""])
        st.markdown(f":green-badge[:material/trophy: better: {winner}] {plain(verdict.text)}")
    if not tested:
        text = (
            current.verdicts[0].text
            if len(current.verdicts) == 1
            else "No verdict: fewer than 3 seeds came to their end."
        )
        st.markdown(plain(text))
    elif not shown:
        st.markdown(":gray[:material/drag_handle:] No difference in quality is shown. What you see may be chance.")
    elif len(shown) < len(tested):
        st.caption(f"In {len(tested) - len(shown)} of {len(tested)} tests no difference is shown.")


def pending_notice(current: StudyResults) -> None:
    """Why there is no verdict yet."""
    st.info(
        f"{current.ended:,} of {len(current.results.trial_statuses)} runs are done. The verdict comes once all have "
        "ended. To stop as soon as a difference shows would find differences that are only chance.",
        icon=":material/hourglass_top:",
    )


def _sign(verdict: Verdict) -> str:
    """An icon: the variant is better, worse, not different, or not compared."""
    if verdict.p is None:
        return ":gray[:material/remove:]"
    if verdict.better is None:
        return ":gray[:material/drag_handle:]"
    return ":material/trophy:" if verdict.better == verdict.variant else ":material/trending_down:"

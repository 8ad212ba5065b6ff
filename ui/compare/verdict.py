"""The answer in words with a button that adds the seeds it needs, the tests behind it, and the source's claims."""

from __future__ import annotations

import streamlit as st

from gan_core.compare import Study
from gan_core.compare.plan import MAX_RUNS
from ui.compare import add, ready_made, settings
from ui.compare.background_results import StudyResults
from ui.formatting import plain, rough_minutes


def panel(study: Study, current: StudyResults) -> None:
    """The headline, or why there is none."""
    plan = current.results.comparison
    with st.container(border=True, gap="small", key="headline"):
        if not plan.axes:
            st.markdown(
                "These runs were not trained for one comparison: they may differ in more than one thing, so they are "
                "shown and not tested. *What differs* below tells in what."
            )
        elif current.is_final:
            _answer(study, current)
        else:
            st.markdown(
                f"**{current.ended:,} of {len(current.results.trial_statuses)} runs are done.** The verdict waits for "
                "all runs: stopping early creates false winners."
            )


def _answer(study: Study, current: StudyResults) -> None:
    found = current.headline
    icon = "check_circle" if found.winner else "equal" if found.outcome == "equal" else "help"
    st.markdown(f"#### :material/{icon}: {plain(found.text)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(found.detail), width="stretch")
        runs = (found.more_seeds or 0) * len(study.comparison.variants)
        if runs and len(study.jobs) + runs <= MAX_RUNS:
            seeds = "1 seed" if found.more_seeds == 1 else f"{found.more_seeds:,} seeds"
            st.button(
                f"Add {seeds}: {runs:,} runs",
                icon=":material/casino:",
                type="primary",
                key="add-needed-seeds",
                on_click=add.seeds,
                args=(study, found.more_seeds),
                help=f"They train for {rough_minutes(_minutes(current, runs))}, and the verdict is found anew.",
            )


def _minutes(current: StudyResults, runs: int) -> float:
    """Minutes of training of so many runs, one after another, if they take as long as the runs so far."""
    trials = current.results.trial_statuses
    return runs * sum(trial.seconds for trial in trials) / len(trials) / 60


def tests(current: StudyResults) -> None:
    """The claims of the source, and every variant against the reference."""
    plan = current.results.comparison
    if not plan.axes or not current.is_final:
        return
    settings.fairness_of(plan)
    for result in current.claims:
        st.markdown(f"{ready_made.outcome(result.outcome)} {plain(result.claim.says)}")
        st.caption(plain(result.text))
    reference = plain(current.results.titles[plan.reference_id])
    with st.expander(f"Every test against {reference}", icon=":material/query_stats:"):
        for verdict in current.verdicts:
            st.markdown(f"- {plain(verdict.text)}")
        st.caption(
            "Paired t-tests over the seeds, corrected by Holm for all of these. The headline tests every pair of "
            "variants, so its correction is stronger."
        )

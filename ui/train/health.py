"""What a run suffers from, if anything: the evidence, what it means, and what to do about it in one click."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gan_core.config import ConfigError
from gan_core.diagnosis import MIN_STEPS, Chart, Finding, Remedy
from gan_core.presets.follow_ups import apply_changes
from gan_core.runs import RunError
from gan_core.session import Session
from gan_core.session.snapshot import SettingChange, Snapshot
from ui import messages, setting_names
from ui.formatting import short
from ui.server import pool
from ui.train import state

HEIGHT = 84  # pixels, for two lines: findings come and go within, and nothing below moves
_AT_HAND = 2  # remedies on the line itself; the others stand under "Why"
_CHARTS: Mapping[Chart, str] = {
    "losses": "Loss",
    "scores": "Score",
    "norms": "Gradient norm",
    "samples": "Samples",
    "fit": "Fit",
    "quality": "Quality",
}
_ACTED, _DONE, _TOLD = "remedy taken", "what it did", "findings told"


def panel(session: Session | None, now: Snapshot | None) -> None:
    """A line for each finding, the most serious first."""
    if now is None:
        return
    with st.container(height=HEIGHT, border=False, key="health"):
        for finding in now.health:
            _line(finding, session, now)
        if not now.health:
            old = now.step > 4 * MIN_STEPS  # most illnesses would have shown by then
            known = "nothing found so far" if old else "too early to tell"
            st.markdown(f":small[:gray[**Health** · {known}]]")
    if st.session_state.pop(_ACTED, False):
        st.rerun()  # the form and the chips stand outside this fragment
    _announce(now)


def badge(now: Snapshot) -> str:
    """What is worst in a run, as the end of a button's text; "" where nothing is wrong."""
    return next((f" · :yellow[●] {finding.title}" for finding in now.health if finding.bad), "")


def evidence_on(now: Snapshot, chart: Chart) -> list[SettingChange]:
    """Where a chart shows that something is wrong, and what."""
    return [
        SettingChange(evidence.step, f"{finding.title}: {evidence.text}")
        for finding in now.health
        if finding.bad
        for evidence in finding.evidence
        if evidence.chart == chart
    ]


def told_beside(now: Snapshot, chart: Chart) -> str:
    """What a chart without an axis of steps shows to be wrong, in words to stand beside it; "" where nothing is."""
    setting_changes = evidence_on(now, chart)
    return f":yellow[:material/warning:] {setting_changes[0].text}" if setting_changes else ""


# ---- one finding -----------------------------------------------------------------------------------------------------


def _line(finding: Finding, session: Session | None, now: Snapshot) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"finding-{finding.id}"):
        st.markdown(_headline(finding), width="content")
        with st.popover("Why", type="tertiary", key=f"why-{finding.id}"):
            _why(finding)
            for remedy in finding.remedies[_AT_HAND:]:
                _offer(finding, remedy, session, now)
        for remedy in finding.remedies[:_AT_HAND]:
            _offer(finding, remedy, session, now)
        if finding.remedies and now.live and finding.remedies[0].live and checkpoint_of(now) is not None:
            _offer_fork(finding, finding.remedies[0], session, now, "Fork")


def _headline(finding: Finding) -> str:
    title = finding.title[0].upper() + finding.title[1:]
    if finding.bad:
        return f":yellow[:material/warning:] **{title}** :small[:gray[since step {finding.since:,}]]"
    return f":small[:gray[**Health** · {title}]]"


def _why(finding: Finding) -> None:
    """The figures against their limits, and what they mean."""
    if finding.evidence:
        rows = ["| Evidence | Value | Limit | Where |", "|:---|---:|---:|:---|"]
        rows += [
            f"| {evidence.text} | {short(evidence.value)} | {short(evidence.limit)} | "
            f"{_CHARTS[evidence.chart]}, step {evidence.step:,} |"
            for evidence in finding.evidence
        ]
        st.markdown("\n".join(rows))
    st.markdown(finding.meaning)


# ---- remedies --------------------------------------------------------------------------------------------------------


def _offer(finding: Finding, remedy: Remedy, session: Session | None, now: Snapshot) -> None:
    """The one click that this remedy takes: a change as the run goes, a fork of it, or a new start."""
    key, change = f"remedy-{finding.id}-{remedy.label}", setting_names.changes(now.config, remedy.values)
    if not change:
        st.button(remedy.label, icon=":material/check:", key=key, disabled=True, help="Done: the run has this setting.")
    elif remedy.live and now.live and session is not None:
        tip = f"{change}, from the next step on."
        st.button(remedy.label, key=key, on_click=_apply, args=(session, remedy, change), help=tip)
    elif remedy.live and checkpoint_of(now) is not None:
        _offer_fork(finding, remedy, session, now, f"Fork: {remedy.label}")
    else:
        rest = " This run is paused and kept." if now.live else " This run is kept."
        st.button(
            f"Start again with: {remedy.label}",
            key=key,
            on_click=_start_again,
            args=(session, now, remedy.values),
            help=f"{change}, from step 0.{rest}",
        )


def _offer_fork(finding: Finding, remedy: Remedy, session: Session | None, now: Snapshot, text: str) -> None:
    step, values = checkpoint_of(now), dict(remedy.values)
    over = not now.live and now.step >= now.total_steps > 0
    if over:  # a run that is over has no steps left for its fork
        values["max_steps"] = 2 * now.total_steps
    tip = f"A new run that goes on from step {step:,} with {setting_names.changes(now.config, values)}."
    rest = " This run is paused and kept." if now.live else " This run is kept."
    key = f"fork-{finding.id}-{remedy.label}"
    st.button(text, icon=":material/fork_right:", key=key, on_click=_fork, args=(session, now, values), help=tip + rest)


def checkpoint_of(now: Snapshot) -> int | None:
    """The last checkpoint that a fork of this run could go on from."""
    try:
        kept = pool().store.open(now.run_id).checkpoints()
    except (RunError, OSError):
        return None
    return kept[-1] if kept else None


def _apply(session: Session, remedy: Remedy, change: str) -> None:
    try:
        session.update(remedy.values)
        state.set_draft(state.draft().with_values(remedy.values))
        st.session_state[_DONE] = f"{change}, from the next step on"
    except ConfigError as error:
        messages.complain(f"{error}. The setting stays as it was.")
    st.session_state[_ACTED] = True


def _start_again(session: Session | None, now: Snapshot, values: Mapping[str, Any]) -> None:
    try:
        _go_over_to(pool().open(apply_changes(now.config, values)[0]), session)
    except ConfigError as error:
        messages.complain(f"{error}. Nothing was started.")
    st.session_state[_ACTED] = True


def _fork(session: Session | None, now: Snapshot, values: Mapping[str, Any]) -> None:
    try:
        _go_over_to(pool().fork(now.run_id, values=values), session)
    except (ConfigError, RunError) as error:
        messages.complain(f"{error}. Nothing was started.")
    st.session_state[_ACTED] = True


def _go_over_to(key: str, before: Session | None) -> None:
    """Start a session and watch it. The one before stands still, so that the new one has the machine to itself."""
    if before is not None and before.snapshot().live:
        before.pause()
    session = pool().get(key)
    if session is not None:
        session.start()
    state.watch(key)


# ---- news ------------------------------------------------------------------------------------------------------------


def _announce(now: Snapshot) -> None:
    """A toast when something bad appears in the session that is watched; what was there at first sight is no news."""
    if done := st.session_state.pop(_DONE, ""):
        st.toast(done, icon=":material/check:")
    told: dict[str, set[str]] = st.session_state.setdefault(_TOLD, {})
    key, bad = state.watched_key() or "", {finding.id: finding for finding in now.health if finding.bad}
    if key in told:
        for name in bad.keys() - told[key]:
            st.toast(f"{bad[name].title}, since step {bad[name].since:,}", icon=":material/warning:")
    told[key] = told.get(key, set()) | bad.keys()

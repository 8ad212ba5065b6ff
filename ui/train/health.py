"""The failures of a run: their evidence, their meaning, and remedies that take one click."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from gan_core.config import ConfigError
from gan_core.diagnosis import MIN_STEPS, Chart, Finding, Remedy
from gan_core.presets.follow_ups import apply_changes
from gan_core.runs import RunError
from gan_core.session import Session
from gan_core.session.snapshot import SettingChange, Snapshot
from ui import messages, setting_names
from ui.formatting import plain, short
from ui.server import pool
from ui.train import state

_STEADY_SECONDS, _SENT_SECONDS = 3.0, 1.5  # how long a failure is shown before its toast, and its toast is sent
_SHOWN = 2  # remedies of the first finding in sight; its others are under "More remedies"
_CHARTS: Mapping[Chart, str] = {
    "losses": "Loss",
    "scores": "Score",
    "norms": "Gradient norm",
    "samples": "Samples",
    "fit": "Fit",
    "quality": "Quality",
}
_CLICKED, _CHANGE = "remedy clicked", "change of the remedy"
_ANNOUNCED, _SEEN = "findings announced", "findings seen"  # times by session and id, and of the watched session by id


def panel(session: Session | None, now: Snapshot | None) -> None:
    """The most serious finding with its best remedies; the others are behind a button."""
    if now is None:
        return
    with st.container(key="health"):  # as high as one finding, so that nothing below moves when findings come and go
        if now.health:
            first, *others = now.health
            _first(first, others, session, now)
        else:
            enough = 4 * MIN_STEPS  # steps, by which most failures appear
            known = "nothing found so far"
            if now.step < enough:
                left = f"watching (needs about {enough - now.step:,} more steps)"
                known = left if now.live else f"the run is too short to tell (needs about {enough:,} steps)"
            st.markdown(f":small[:gray[**Health:** {known}]]")
    if st.session_state.pop(_CLICKED, False):
        st.rerun()  # the form and the session buttons are outside this fragment
    _announce(now)


def badge(now: Snapshot) -> str:
    """The most serious failure of a run, as the end of a button's text, or ""."""
    for finding in now.health:
        if finding.bad:
            return f" · :yellow[●] {plain(finding.title)}"
    return ""


def evidence_on(now: Snapshot, chart: Chart) -> list[SettingChange]:
    """The evidence of failures on a chart: steps and texts."""
    return [
        SettingChange(evidence.step, f"{finding.title}: {evidence.text}")
        for finding in now.health
        if finding.bad
        for evidence in finding.evidence
        if evidence.chart == chart
    ]


def text_beside(now: Snapshot, chart: Chart) -> str:
    """The evidence on a chart without an axis of steps, as text beside it, or ""."""
    evidence = evidence_on(now, chart)
    return f":yellow[:material/warning:] {plain(evidence[0].text)}" if evidence else ""


def _first(finding: Finding, others: Sequence[Finding], session: Session | None, now: Snapshot) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"finding-{finding.id}"):
        st.markdown(_headline(finding), width="content")
        with st.popover("Why", type="tertiary", key=f"why-{finding.id}"):
            _why(finding)
        if more := finding.remedies[_SHOWN:]:
            with st.popover("More remedies", type="tertiary", key=f"more-remedies-{finding.id}"):
                for remedy in more:
                    _remedy(finding, remedy, session, now)
        if others:
            label = "1 more finding" if len(others) == 1 else f"{len(others)} more findings"
            with st.popover(label, type="tertiary", key="more-findings"):
                for other in others:
                    _folded(other, session, now)
    for remedy in finding.remedies[:_SHOWN]:
        _remedy(finding, remedy, session, now, can_fork=remedy is finding.remedies[0])


def _folded(finding: Finding, session: Session | None, now: Snapshot) -> None:
    st.markdown(_headline(finding))
    _why(finding)
    for remedy in finding.remedies:
        _remedy(finding, remedy, session, now)


def _remedy(finding: Finding, remedy: Remedy, session: Session | None, now: Snapshot, can_fork: bool = False) -> None:
    """The button of a remedy, why it helps, and how often it worked."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _offer(finding, remedy, session, now)
        if can_fork and now.live and remedy.live and checkpoint_of(now) is not None:
            _offer_fork(finding, remedy, session, now, "Fork")
        st.markdown(f":small[:gray[{plain(f'{remedy.why} {success(remedy)}.'.strip())}]]", width="content")


def success(remedy: Remedy) -> str:
    """ "Worked in 6 of 6 measured runs", or that it was not measured."""
    found = remedy.measured
    if found is None:
        return "Not measured"
    followed = found.ended - found.healthy
    then = f"; another failure followed in {followed}" if followed > 0 else ""
    return f"Worked in {found.ended} of {found.runs} measured runs{then}"


def _headline(finding: Finding) -> str:
    title = plain(finding.title[0].upper() + finding.title[1:])
    if finding.bad:
        return f":yellow[:material/warning:] **{title}** :small[:gray[since step {finding.since:,}]]"
    return f":small[:gray[**Health:** {title}]]"


def _why(finding: Finding) -> None:
    """The evidence with its limits, and its meaning."""
    if finding.evidence:
        rows = ["| Evidence | Value | Limit | Where |", "|:---|---:|---:|:---|"]
        rows += [
            f"| {plain(evidence.text)} | {short(evidence.value)} | {short(evidence.limit)} | "
            f"{_CHARTS[evidence.chart]}, step {evidence.step:,} |"
            for evidence in finding.evidence
        ]
        st.markdown("\n".join(rows))
    st.markdown(plain(finding.meaning))


def _offer(finding: Finding, remedy: Remedy, session: Session | None, now: Snapshot) -> None:
    """The button of a remedy: it changes the live run, forks the run, or starts a new one."""
    key, change = f"remedy-{finding.id}-{remedy.label}", setting_names.changes(now.config, remedy.values)
    if not change:
        st.button(
            plain(remedy.label), icon=":material/check:", key=key, disabled=True, help="Done: the run has this setting."
        )
    elif remedy.live and now.live and session is not None:
        tip = f"{plain(change)}, from the next step on."
        st.button(plain(remedy.label), key=key, on_click=_apply, args=(session, remedy, change), help=tip)
    elif remedy.live and checkpoint_of(now) is not None:
        _offer_fork(finding, remedy, session, now, f"Fork: {remedy.label}")
    else:
        rest = " This run is paused and kept." if now.live else " This run is kept."
        st.button(
            f"Start again with: {plain(remedy.label)}",
            key=key,
            on_click=_start_again,
            args=(session, now, remedy.values),
            help=f"{plain(change)}, from step 0.{rest}",
        )


def _offer_fork(finding: Finding, remedy: Remedy, session: Session | None, now: Snapshot, text: str) -> None:
    step, values = checkpoint_of(now), dict(remedy.values)
    if not now.live and now.step >= now.total_steps > 0:  # a finished run has no steps left for its fork
        values["max_steps"] = 2 * now.total_steps
    tip = f"A new run that goes on from step {step:,} with {plain(setting_names.changes(now.config, values))}."
    rest = " This run is paused and kept." if now.live else " This run is kept."
    key = f"fork-{finding.id}-{remedy.label}"
    st.button(
        plain(text), icon=":material/fork_right:", key=key, on_click=_fork, args=(session, now, values), help=tip + rest
    )


def checkpoint_of(now: Snapshot) -> int | None:
    """The step of the last complete checkpoint with finite weights, from which this run can be forked, or None."""
    try:
        return pool().store.open(now.run_id).last_complete()
    except (RunError, OSError):
        return None


def _apply(session: Session, remedy: Remedy, change: str) -> None:
    try:
        session.update(remedy.values)
        state.set_draft(state.draft().with_values(remedy.values))
        st.session_state[_CHANGE] = f"{change}, from the next step on"
    except ConfigError as error:
        messages.show_error(f"{error}. The setting stays as it was.")
    st.session_state[_CLICKED] = True


def _start_again(session: Session | None, now: Snapshot, values: Mapping[str, Any]) -> None:
    try:
        _switch_to(pool().open(apply_changes(now.config, values)[0]), session)
    except ConfigError as error:
        messages.show_error(f"{error}. Nothing was started.")
    st.session_state[_CLICKED] = True


def _fork(session: Session | None, now: Snapshot, values: Mapping[str, Any]) -> None:
    try:
        _switch_to(pool().fork(now.run_id, values=values), session)
    except (ConfigError, RunError) as error:
        messages.show_error(f"{error}. Nothing was started.")
    st.session_state[_CLICKED] = True


def _switch_to(key: str, before: Session | None) -> None:
    """Start a session and watch it. The previous one pauses, so that they do not share the machine."""
    if before is not None and before.snapshot().live:
        before.pause()
    session = pool().get(key)
    if session is not None:
        session.start()
    state.watch(key)


def _announce(now: Snapshot) -> None:
    """Show a toast when a failure appears in the watched session, except for those of the first view.

    While a run trains, a failure may vanish again. It is announced only once it has been shown for a while, so that
    the toast does not name what the page no longer shows. A busy browser may miss a toast, so it is sent repeatedly.
    """
    if change := st.session_state.pop(_CHANGE, ""):
        st.toast(plain(change), icon=":material/check:")
    key, at, training = state.watched_key() or "", time.monotonic(), now.status == "training"
    bad = [finding for finding in now.health if finding.bad]
    announced: dict[str, dict[str, float]] = st.session_state.setdefault(_ANNOUNCED, {})
    times: dict[str, float] = announced.setdefault(key, {finding.id: -math.inf for finding in bad})
    seen: dict[str, float] = st.session_state.get(_SEEN, {})
    st.session_state[_SEEN] = seen = {finding.id: seen.get(finding.id, at) for finding in bad}
    for finding in bad:
        if not training or at - seen[finding.id] >= _STEADY_SECONDS:
            times.setdefault(finding.id, at)
        if at - times.get(finding.id, -math.inf) <= (_SENT_SECONDS if training else 0):
            st.toast(f"{plain(finding.title)}, since step {finding.since:,}", icon=":material/warning:")

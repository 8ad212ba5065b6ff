"""The snapshot of a run that no session trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gan_core.config import TrainConfig
from gan_core.diagnosis import Finding, diagnose
from gan_core.diagnosis.failure_mode import Symptoms
from gan_core.diagnosis.failure_modes import FAILURE_MODES
from gan_core.diagnosis.sample_stats import SampleStatsLog
from gan_core.runs.health_record import recorded_health
from gan_core.runs.records import CURVE_EVENTS
from gan_core.runs.run import Run
from gan_core.session.evaluator import saved_evaluations
from gan_core.session.snapshot import SettingChange, Snapshot
from gan_core.training.history import COLUMNS, HistoryLog

Events = Sequence[dict[str, Any]]


def saved_snapshot(run: Run) -> Snapshot:
    """Read the history, setting changes, evaluations and findings from the run's folder; without samples.

    Raises `RunError` if its config cannot be read.
    """
    config, events, evaluations, log = run.config, run.events(), saved_evaluations(run), HistoryLog()
    log.extend(run.metrics())
    history = log.view()
    sample_stats = SampleStatsLog(run.sample_stats()).view()
    diagnosed = diagnose(config, history, sample_stats, evaluations)
    last = {name: getattr(history, name)[-1] if len(history) else 0 for name in COLUMNS}
    return Snapshot(
        config,
        status="stopped",
        run_id=run.id,
        step=int(last["step"]),
        epoch=float(last["epoch"]),
        images=int(last["images"]),
        seconds=float(last["seconds"]),
        history=history,
        setting_changes=tuple(saved_setting_changes(events)),
        frames=tuple(run.frames()),
        sample_stats=sample_stats,
        evaluations=evaluations,
        evaluation_error=_evaluation_error(events),
        health=_shown_last(events, config, diagnosed),
    )


def _shown_last(events: Events, config: TrainConfig, diagnosed: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings that the session showed last; those of a new diagnosis if the run's events do not tell."""
    recorded = recorded_health(events)
    if recorded is None:
        return diagnosed
    if not recorded:
        return tuple(finding for finding in diagnosed if not finding.bad)
    now = {finding.id: finding for finding in diagnosed}
    since = {event.get("id"): event["step"] for event in events if event["kind"] == "named"}
    return tuple(
        now.get(mode.id) or mode.named(config, Symptoms(since.get(mode.id, 0), ()))
        for mode in FAILURE_MODES
        if mode.id in recorded
    )


def _evaluation_error(events: Events) -> str:
    """Why the last evaluation that failed gave no metrics, without the type of the exception; "" if none failed."""
    errors = [str(event.get("error", "")) for event in events if event["kind"] == "unjudged"]
    return errors[-1].partition(": ")[2] if errors else ""


def saved_setting_changes(events: Events) -> list[SettingChange]:
    """The setting changes in the events of a run, oldest first."""
    return [SettingChange(event["step"], event["text"]) for event in events if event["kind"] in CURVE_EVENTS]

"""The snapshot of a run that no session trains."""

from __future__ import annotations

from gan_core.diagnosis import diagnose
from gan_core.runs.run import CURVE_EVENTS, Run
from gan_core.session.evaluator import saved_evaluations
from gan_core.session.snapshot import SettingChange, Snapshot
from gan_core.training.history import COLUMNS, HistoryLog


def saved_snapshot(run: Run) -> Snapshot:
    """Read the history, setting changes, evaluations and findings from the run's folder; without samples.

    Raises `RunError` if its config cannot be read.
    """
    config, log = run.config, HistoryLog()
    log.extend(run.metrics())
    history = log.view()
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
        setting_changes=tuple(saved_setting_changes(run)),
        frames=tuple(run.frames()),
        evaluations=saved_evaluations(run),
        health=diagnose(config, history, tuple(run.sample_stats())),
    )


def saved_setting_changes(run: Run) -> list[SettingChange]:
    """The setting changes in the events of a run, oldest first."""
    return [SettingChange(event["step"], event["text"]) for event in run.events() if event["kind"] in CURVE_EVENTS]

"""A run at rest, as the snapshot that a session of it would show."""

from __future__ import annotations

from gan_core.diagnosis import diagnose
from gan_core.metrics.evaluations import Evaluations
from gan_core.metrics.registry import QUALITY_METRIC
from gan_core.runs.run import MARKED, Run
from gan_core.session.snapshot import SettingChange, Snapshot
from gan_core.training.history import COLUMNS, HistoryLog


def at_rest(run: Run) -> Snapshot:
    """Curves, setting_changes, judgements and findings, as they were last written; without samples.

    Raises:
        RunError: its config cannot be read.
    """
    config, log, best = run.config, HistoryLog(), run.best()
    log.extend(run.table())
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
        setting_changes=tuple(
            SettingChange(event["step"], event["text"]) for event in run.events() if event["kind"] in MARKED
        ),
        frames=tuple(run.frames()),
        evaluations=Evaluations(
            tuple(run.evaluations()), QUALITY_METRIC[config.dataset.kind], best.step if best is not None else None
        ),
        health=diagnose(config, history, tuple(run.sample_stats())),
    )

"""Trains one run of a comparison, on any machine: an ordinary session that obeys commands and reports its status."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from gan_core.compare.plan import Job
from gan_core.compare.study import Command, JobStatus, TrialStatus
from gan_core.runs import Run, RunError, RunStore
from gan_core.session import Session
from gan_core.session.snapshot import Snapshot

TrialCommand = Command | Literal["interrupt"]  # "interrupt": the process that runs the study has ended
_STATUS_AFTER: dict[TrialCommand, JobStatus] = {"pause": "paused", "stop": "stopped", "interrupt": "interrupted"}
_POLL_SECONDS = 0.5  # between reads of the command; each read costs training time


def train(
    job: Job,
    title: str,
    trial: TrialStatus,
    library: RunStore,
    command: Callable[[], TrialCommand],
    report: Callable[[TrialStatus], None],
    device: str = "cpu",
    threads: int = 1,
) -> TrialStatus:
    """Train a job from its last whole checkpoint to its end, or until a command other than "run". Returns its status.

    Args:
        title: of the comparison; part of the run's name in the library.
        trial: the job's status so far.
        command: returns the current command.
        report: receives the status about twice a second and at the end.
    """
    run = _resumable_run(trial, library)
    session = Session(
        run.config if run is not None else job.config,
        library,
        device,
        threads,
        name=f"{title}: {job.variant.title}, seed {job.seed}",
        run=run,
        attended=False,
        max_seconds=None if job.max_seconds is None else max(0.01, job.max_seconds - _seconds_trained(run)),
    )
    last_command: TrialCommand = "run"
    session.start()
    while not session.wait(_POLL_SECONDS):
        snapshot = session.snapshot()
        if last_command == "run":
            last_command = command()
        if last_command != "run":
            session.stop()
        trial = _updated(trial, job, snapshot, "running")
        report(trial)
    snapshot = session.snapshot()
    trial = _updated(trial, job, snapshot, _final_status(snapshot, last_command))
    report(trial)
    return trial


def _resumable_run(trial: TrialStatus, library: RunStore) -> Run | None:
    """The job's run if it has a checkpoint. A run without one is deleted and starts again."""
    try:
        run = library.open(trial.run_id) if trial.run_id else None
    except RunError:
        return None
    if run is None:
        return None
    try:
        run.last_complete()
    except RunError:
        shutil.rmtree(run.path, ignore_errors=True)
        return None
    return run


def _seconds_trained(run: Run | None) -> float:
    """Seconds of training up to the run's last whole checkpoint."""
    if run is None:
        return 0.0
    step = run.last_complete()
    return max((row[2] for row in run.metrics() if row[0] <= step), default=0.0)


def _final_status(snapshot: Snapshot, command: TrialCommand) -> JobStatus:
    if snapshot.status == "failed" or snapshot.error:
        return "failed"
    return "finished" if snapshot.status == "finished" or command == "run" else _STATUS_AFTER[command]


def _updated(trial: TrialStatus, job: Job, snapshot: Snapshot, status: JobStatus) -> TrialStatus:
    history = snapshot.history
    return replace(
        trial,
        status=status,
        run_id=snapshot.run_id or trial.run_id,
        activity=snapshot.activity if status == "running" else "",
        step=snapshot.step or trial.step,
        total_steps=snapshot.total_steps if job.max_seconds is None else 0,
        images=snapshot.images or trial.images,
        seconds=snapshot.seconds or trial.seconds,
        steps_per_second=snapshot.steps_per_second if status == "running" else 0.0,
        memory=snapshot.memory or trial.memory,
        loss_d=_finite(history.loss_d[-1]) if len(history) else trial.loss_d,
        loss_g=_finite(history.loss_g[-1]) if len(history) else trial.loss_g,
        error=snapshot.error,
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

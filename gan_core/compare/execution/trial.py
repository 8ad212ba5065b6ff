"""One run of a comparison, wherever it trains: an ordinary session, told when to rest, telling how it stands."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from gan_core.compare.plan import Job
from gan_core.compare.study import JobStatus, Order, TrialStatus
from gan_core.runs import Run, RunError, RunStore
from gan_core.session import Session
from gan_core.session.snapshot import Snapshot

Asked = Order | Literal["interrupt"]  # the last: whoever runs the comparison is gone
_RESTS: dict[Asked, JobStatus] = {"pause": "paused", "stop": "stopped", "interrupt": "interrupted"}
_BETWEEN = 0.5  # seconds between two looks at the orders; each costs the training a little


def train(
    job: Job,
    title: str,
    trial_status: TrialStatus,
    library: RunStore,
    asked: Callable[[], Asked],
    tell: Callable[[TrialStatus], None],
    device: str = "cpu",
    threads: int = 1,
) -> TrialStatus:
    """Train a job to its end, or until something else is asked, and tell how it stands; from its last whole checkpoint.

    Args:
        title: of the comparison; the run is named by it in the library.
        trial_status: how the job stood when it was last at work.
        asked: what the run should do now.
        tell: takes the trial_status now and then, and the one at the end.
    """
    run = _begun(trial_status, library)
    spent = _seconds(run)
    session = Session(
        run.config if run is not None else job.config,
        library,
        device,
        threads,
        name=f"{title}: {job.variant.title}, seed {job.seed}",
        run=run,
        max_seconds=None if job.max_seconds is None else max(0.01, job.max_seconds - spent),
    )
    order: Asked = "run"
    session.start()
    while not session.wait(_BETWEEN):
        snapshot = session.snapshot()
        if order == "run":
            order = asked()
        if order != "run" or snapshot.status == "paused":  # nobody pauses a session here but a disk that refuses
            session.stop()
        trial_status = _standing(job, trial_status, snapshot, "running")
        tell(trial_status)
    snapshot = session.snapshot()
    trial_status = _standing(job, trial_status, snapshot, _status(snapshot, order))
    tell(trial_status)
    return trial_status


def _begun(trial_status: TrialStatus, library: RunStore) -> Run | None:
    """The job's run, if it can go on; one that never came to a checkpoint is deleted, to begin anew."""
    try:
        run = library.open(trial_status.run_id) if trial_status.run_id else None
    except RunError:
        return None
    if run is None:
        return None
    try:
        run.last_whole()
    except RunError:
        shutil.rmtree(run.path, ignore_errors=True)
        return None
    return run


def _seconds(run: Run | None) -> float:
    """Seconds of training up to the run's last whole checkpoint."""
    if run is None:
        return 0.0
    step = run.last_whole()
    return max((row[2] for row in run.metrics() if row[0] <= step), default=0.0)


def _status(snapshot: Snapshot, order: Asked) -> JobStatus:
    if snapshot.status == "failed" or snapshot.error:
        return "failed"
    return "finished" if snapshot.status == "finished" or order == "run" else _RESTS[order]


def _standing(job: Job, before: TrialStatus, snapshot: Snapshot, status: JobStatus) -> TrialStatus:
    history = snapshot.history
    return replace(
        before,
        status=status,
        run_id=snapshot.run_id or before.run_id,
        activity=snapshot.activity if status == "running" else "",
        step=snapshot.step or before.step,
        total_steps=snapshot.total_steps if job.max_seconds is None else 0,
        images=snapshot.images or before.images,
        seconds=snapshot.seconds or before.seconds,
        steps_per_second=snapshot.steps_per_second if status == "running" else 0.0,
        memory=snapshot.memory or before.memory,
        loss_d=_finite(history.loss_d[-1]) if len(history) else before.loss_d,
        loss_g=_finite(history.loss_g[-1]) if len(history) else before.loss_g,
        error=snapshot.error,
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

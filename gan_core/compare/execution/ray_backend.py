"""Trains the runs of a study as tasks of a Ray cluster. Ray chooses the machine of each task.

Each task trains one run as a local worker would, and sends its status and its changed files back. If its machine is
lost, another task continues from the last checkpoint that was sent back.
The members of a Ray cluster trust each other completely: connect only to a cluster of your own.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from gan_core.compare.execution.run_sync import Packer, RunSync, unpack
from gan_core.compare.execution.runner import Resources
from gan_core.compare.execution.trial import TrialCommand, train
from gan_core.compare.plan import Comparison
from gan_core.compare.study import Study, StudyError, TrialStatus
from gan_core.runs import RunStore
from gan_core.system.limits import usable_cores

_MAX_LOST = 5  # of a run's task, before the run counts as failed
_POLL_SECONDS = 0.3
_SYNC_SECONDS = 2.0  # between two copies of a run's files

Report = tuple[TrialStatus, RunSync | None]


def run(study: Study, resources: Resources, ending: threading.Event) -> None:
    """Train a study's pending jobs on a cluster until none is left, or until `ending` is set; then all save.

    Raises:
        StudyError: Ray is not installed, or no cluster answers.
    """
    ray = _connected(resources.address)
    relay = _relay(ray)
    tasks: dict[Any, str] = {}  # from Ray's object reference to the job's key
    times_lost: Counter[str] = Counter()
    task = ray.remote(_train_remotely).options(num_cpus=1, num_gpus=resources.gpus, max_retries=0)
    while True:
        busy = set(tasks.values())
        waiting = [] if ending.is_set() else [job.key for job in study.pending_jobs() if job.key not in busy]
        for key in waiting[: max(0, resources.workers - len(tasks))]:
            run = study.run_of(key)
            files = Packer(run.path).pack() if run is not None else None
            status = asdict(study.trial_status(key))
            tasks[task.remote(study.comparison.to_json(), status, files, resources.device, relay)] = key
        if not tasks:
            return
        commands = {key: "interrupt" if ending.is_set() else study.command_for(key) for key in tasks.values()}
        _receive(study, ray.get(relay.exchange.remote(commands)))
        done, _ = ray.wait(list(tasks), timeout=_POLL_SECONDS)
        for reference in done:
            _receive(study, ray.get(relay.exchange.remote(commands)))  # a task reports last before it ends
            key = tasks.pop(reference)
            try:
                ray.get(reference)
            except ray.exceptions.RayError as error:
                times_lost[key] += 1
                reason = f"Its task was lost {_MAX_LOST} times: {type(error).__name__}: {str(error)[:300]}"
                study.mark_lost(key, reason if times_lost[key] >= _MAX_LOST else "")


def _connected(address: str) -> Any:
    """The module `ray`, connected to the cluster at `address` or $RAY_ADDRESS, or to one started on this machine."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray = import_module("ray")
    except ModuleNotFoundError:
        raise StudyError(
            'The backend "ray" needs Ray: pip install -r requirements-cluster.txt, or use the backend "local"'
        ) from None
    if ray.is_initialized():
        return ray
    environment = {"py_modules": [str(Path(__file__).parents[2])], "env_vars": {"OMP_NUM_THREADS": "1"}}
    cluster = address or os.environ.get("RAY_ADDRESS", "")
    local = {} if cluster else {"include_dashboard": False, "_node_ip_address": "127.0.0.1", "num_cpus": usable_cores()}
    try:
        ray.init(address=address or None, runtime_env=environment, log_to_driver=False, **local)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise StudyError(f"No Ray cluster answers at {cluster or 'this machine'}: {error}") from None
    return ray


def _relay(ray: Any) -> Any:
    """A `Relay` actor on this machine, so that the loss of another machine does not affect it."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(Relay).options(num_cpus=0, scheduling_strategy=here).remote()


class Relay:
    """Passes commands to the tasks and their reports back."""

    def __init__(self) -> None:
        self._commands: dict[str, TrialCommand] = {}
        self._reports: list[Report] = []

    def exchange(self, commands: dict[str, TrialCommand]) -> list[Report]:
        """Store the commands; return the reports since the last call."""
        self._commands = commands
        reports, self._reports = self._reports, []
        return reports

    def report(self, trial: TrialStatus, files: RunSync | None) -> TrialCommand:
        """Store a task's report; return its command."""
        self._reports.append((trial, files))
        return self._commands.get(trial.key, "run")


def _receive(study: Study, reports: list[Report]) -> None:
    """Write the files, then the status, so that a status never names a run that is not there yet."""
    for trial, files in reports:
        if files is not None:
            unpack(files, study.library.root)
        study.write_trial_status(trial)


# ---- on the machine that trains --------------------------------------------------------------------------------------


def _train_remotely(plan: str, status: dict[str, Any], files: RunSync | None, device: str, relay: Any) -> str:
    """Train one run in a temporary folder; returns its final status."""
    import ray

    comparison, trial = Comparison.from_json(plan), TrialStatus(**status)
    job = next(job for job in comparison.jobs() if job.key == trial.key)
    with tempfile.TemporaryDirectory() as folder:
        library = RunStore(folder)
        packers: dict[str, Packer] = {}
        if files is not None:
            unpack(files, library.root)
            packers[files.run_id] = Packer(library.root / files.run_id)
            packers[files.run_id].pack()  # these files need not be sent back
        command: TrialCommand = ray.get(relay.report.remote(replace(trial, status="running"), None))
        sent_at = -_SYNC_SECONDS

        def report(trial: TrialStatus) -> None:
            nonlocal command, sent_at
            changes = None
            if trial.run_id and (trial.status != "running" or time.monotonic() - sent_at > _SYNC_SECONDS):
                sent_at = time.monotonic()
                changes = packers.setdefault(trial.run_id, Packer(library.root / trial.run_id)).pack()
            command = ray.get(relay.report.remote(trial, changes))

        return train(job, comparison.title, trial, library, lambda: command, report, device).status

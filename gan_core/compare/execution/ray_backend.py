"""The same runs as tasks of a Ray cluster, where one machine is too small. Ray decides what runs where.

Each task trains one run as a worker of this machine would, and sends home how it stands and the files that are new. A
task whose machine is lost is given to another with what came home, so its run goes on from its last checkpoint there.
The members of a Ray cluster trust each other: connect to one of your own only.
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
from gan_core.compare.execution.trial import Asked, train
from gan_core.compare.plan import Comparison
from gan_core.compare.study import Study, StudyError, TrialStatus
from gan_core.runs import RunStore

_TRIES = 5  # times that a run's machine may be lost before the run is given up
_AGAIN = 0.3  # seconds between two looks at news
_BETWEEN_PARCELS = 2.0  # seconds


def run(study: Study, means: Resources, ending: threading.Event) -> None:
    """Work off a comparison's jobs on a cluster until none is left that may go on, or until `ending`.

    Raises:
        StudyError: Ray is not installed, or no cluster answers.
    """
    ray = _connected(means.address)
    relay = _relay(ray)
    tasks: dict[Any, str] = {}  # by Ray's reference: the job's key
    losses: Counter[str] = Counter()
    task = ray.remote(_train_there).options(num_cpus=1, num_gpus=means.gpus, max_retries=0)
    while True:
        busy = set(tasks.values())
        waiting = [] if ending.is_set() else [job.key for job in study.jobs_to_do() if job.key not in busy]
        for key in waiting[: max(0, means.workers - len(tasks))]:
            sent = _what_came_home(study, key)
            plan = study.comparison.to_json()
            tasks[task.remote(plan, asdict(study.trial_status(key)), sent, means.device, relay)] = key
        if not tasks:
            return
        orders: dict[str, Asked] = {
            key: "interrupt" if ending.is_set() else study.order_of(key) for key in tasks.values()
        }
        _receive(study, ray.get(relay.exchange.remote(orders)))
        done, _ = ray.wait(list(tasks), timeout=_AGAIN)
        for reference in done:
            _receive(study, ray.get(relay.exchange.remote(orders)))  # its last word came before its end
            key = tasks.pop(reference)
            try:
                ray.get(reference)
            except ray.exceptions.RayError as error:
                _note_loss(study, key, losses, error)


def _connected(address: str) -> Any:
    """Ray, connected to the cluster at `address`, to that of $RAY_ADDRESS, or to one that is begun here."""
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
    here = (
        {}
        if address or os.environ.get("RAY_ADDRESS")
        else {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
    )
    try:
        ray.init(address=address or None, runtime_env=environment, log_to_driver=False, **here)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise StudyError(
            f"No Ray cluster answers at {address or os.environ.get('RAY_ADDRESS') or 'here'}: {error}"
        ) from None
    return ray


def _relay(ray: Any) -> Any:
    """Where tasks and this process meet; beside this process, so that it is lost with no machine but this one."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(Relay).options(num_cpus=0, scheduling_strategy=here).remote()


class Relay:
    """CommandQueue outwards, news homewards."""

    def __init__(self) -> None:
        self._orders: dict[str, Asked] = {}
        self._news: list[tuple[TrialStatus, RunSync | None]] = []

    def exchange(self, orders: dict[str, Asked]) -> list[tuple[TrialStatus, RunSync | None]]:
        """Take the orders, give the news since the last time."""
        self._orders = orders
        news, self._news = self._news, []
        return news

    def report(self, trial_status: TrialStatus, parcel: RunSync | None) -> Asked:
        """Take a task's news, give its order."""
        self._news.append((trial_status, parcel))
        return self._orders.get(trial_status.key, "run")


def _receive(study: Study, news: list[tuple[TrialStatus, RunSync | None]]) -> None:
    """Keep what came: files first, so that whoever reads of a run finds it."""
    for trial_status, parcel in news:
        if parcel is not None:
            unpack(parcel, study.library.root)
        study.write_trial_status(trial_status)


def _what_came_home(study: Study, key: str) -> RunSync | None:
    run = study.run_of(key)
    return Packer(run.path).pack() if run is not None else None


def _note_loss(study: Study, key: str, losses: Counter[str], error: Exception) -> None:
    losses[key] += 1
    trial_status = replace(study.trial_status(key), status="interrupted", activity="")
    if losses[key] >= _TRIES:
        reason = f"Its task was lost {_TRIES} times: {type(error).__name__}: {str(error)[:300]}"
        trial_status = replace(trial_status, status="failed", error=reason)
    study.write_trial_status(trial_status)


# ---- on the machine that trains --------------------------------------------------------------------------------------


def _train_there(plan: str, stood: dict[str, Any], sent: RunSync | None, device: str, relay: Any) -> str:
    """Train one run in a folder of its own; how it stands in the end."""
    import ray

    comparison, trial_status = Comparison.from_json(plan), TrialStatus(**stood)
    job = next(job for job in comparison.jobs() if job.key == trial_status.key)
    with tempfile.TemporaryDirectory() as folder:
        library = RunStore(folder)
        packers: dict[str, Packer] = {}
        if sent is not None:
            unpack(sent, library.root)
            packers[sent.run_id] = Packer(library.root / sent.run_id)
            packers[sent.run_id].pack()  # at home already
        order: Asked = ray.get(relay.report.remote(replace(trial_status, status="running"), None))
        last = -_BETWEEN_PARCELS

        def tell(now: TrialStatus) -> None:
            nonlocal order, last
            parcel = None
            if now.run_id and (now.status != "running" or time.monotonic() - last > _BETWEEN_PARCELS):
                last = time.monotonic()
                packer = packers.setdefault(now.run_id, Packer(library.root / now.run_id))
                parcel = packer.pack()
            order = ray.get(relay.report.remote(now, parcel))

        return train(job, comparison.title, trial_status, library, lambda: order, tell, device).status

"""A comparison on disk: its plan, how each of its runs stands, and what was asked of them.

The folder is the one meeting point of all who have to do with a comparison: the workers that train write how they
stand, a page or a terminal reads that, and writes orders that the workers read. So it outlives each of them.

    checkpoints/comparisons/<date>-<id>-<short id>/
        comparison.json   the plan
        jobs/KEY.json     how one run stands, and which run of the library it is
        orders.json       what is to go on, to rest or to end
        joined.json       runs of the library that were not trained for this comparison, but are shown with it
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock, Timeout

from gan_core.compare.plan import Comparison, Job, Variant
from gan_core.config import ConfigError
from gan_core.runs import Run, RunError, RunStore
from gan_core.runs.shipped import store_of
from gan_core.system.files import replace_text

JobStatus = Literal["waiting", "running", "paused", "stopped", "interrupted", "finished", "failed"]
ENDED: tuple[JobStatus, ...] = ("finished", "failed")
Order = Literal["run", "pause", "stop"]


class StudyError(RuntimeError):
    """A comparison that cannot be found, read or run; the message says what, why and what now."""


@dataclass(frozen=True)
class TrialStatus:
    """How one run of a comparison stands."""

    key: str
    status: JobStatus = "waiting"
    run_id: str = ""  # in the library; "" before it has begun
    activity: str = ""  # what is waited for: "loading the data"
    step: int = 0
    total_steps: int = 0  # 0 where seconds count
    images: int = 0
    seconds: float = 0.0  # of training
    steps_per_second: float = 0.0
    memory: int = 0  # bytes
    loss_d: float | None = None
    loss_g: float | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True)
class AddedRun:
    """A run of the library that joined a comparison."""

    run_id: str
    title: str  # added_runs of one title count as one variant
    seed: int


class Study:
    """One comparison's folder. Any number of processes may read it and give orders; one at a time runs it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.library = RunStore(path.parents[1])
        self._read: tuple[object, Comparison, tuple[Job, ...]] | None = None

    # ---- the plan ------------------------------------------------------------------------------------------------

    @property
    def comparison(self) -> Comparison:
        """The plan as it now is. Raises `StudyError` if it cannot be read."""
        return self._plan()[0]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All runs of the plan. Raises `StudyError` if it cannot be read."""
        return self._plan()[1]

    def _plan(self) -> tuple[Comparison, tuple[Job, ...]]:
        """The plan and its jobs; read anew only where the file has changed."""
        file = self.path / "comparison.json"
        try:
            stamp = (file.stat().st_mtime_ns, file.stat().st_size)
            if self._read is None or self._read[0] != stamp:
                plan = Comparison.from_json(file.read_text(encoding="utf-8"))
                self._read = (stamp, plan, plan.jobs())
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            raise StudyError(f"The comparison {self.id} has no readable comparison.json: {error}") from None
        return self._read[1:]

    def write(self, comparison: Comparison) -> None:
        replace_text(self.path / "comparison.json", comparison.to_json())

    def add_seed(self, seed: int) -> None:
        """One more run of every variant. Raises `ConfigError` if the seed is there already."""
        plan = self.comparison
        self.write(plan.with_fields(seeds=(*plan.seeds, seed)))

    def add_variant(self, variant: Variant) -> None:
        """One more variant, under every seed. Raises `ConfigError` if it does not fit."""
        self.write(self.comparison.with_variant(variant))

    def join(self, run_id: str, title: str = "") -> None:
        """Show a run of the library too, finished or not, as a variant of its own or as one of `title`.

        Raises:
            RunError: there is no such run.
            StudyError: it learns other data, so its quality cannot be compared.
        """
        run = store_of(run_id, self.library).open(run_id)
        config = run.config
        check_data(run, self.comparison)
        added_runs = [added_run for added_run in self.added_runs() if added_run.run_id != run_id]
        added_runs.append(AddedRun(run_id, title or run.name, config.seed))
        replace_text(self.path / "joined.json", json.dumps([asdict(added_run) for added_run in added_runs], indent=2))

    def added_runs(self) -> tuple[AddedRun, ...]:
        """Runs that joined, in the order in which they did."""
        found = _read_json(self.path / "joined.json", [])
        with suppress(TypeError):
            return tuple(AddedRun(**added_run) for added_run in found)
        return ()

    # ---- orders --------------------------------------------------------------------------------------------------

    def resume(self, key: str | None = None) -> None:
        """Let a run go on, or all that rest; one that was stopped goes on only when it is named."""
        self._order("run", key)

    def pause(self, key: str | None = None) -> None:
        """Let a run, or all but those that were stopped, save and rest; its place goes to another."""
        self._order("pause", key)

    def stop(self, key: str | None = None) -> None:
        """Let a run, or all, save and end. It can be resumed later."""
        self._order("stop", key)

    def order_of(self, key: str) -> Order:
        """What was asked of a run last."""
        orders = self._orders()
        order: Order = orders["jobs"].get(key, orders["all"])
        return order

    def _order(self, order: Order, key: str | None) -> None:
        orders = self._orders()
        if key is not None:
            self._give(orders | {"jobs": {**orders["jobs"], key: order}})
            return
        stopped = {name: own for name, own in orders["jobs"].items() if own == "stop"}  # and stays so until it is named
        self._give({"all": order, "jobs": stopped})

    def _orders(self) -> dict[str, Any]:
        orders = _read_json(self.path / "orders.json", {})
        known = {"all": "run", "jobs": {}}
        return known | (orders if isinstance(orders, dict) and isinstance(orders.get("jobs"), dict) else {})

    def _give(self, orders: Mapping[str, Any]) -> None:
        replace_text(self.path / "orders.json", json.dumps(orders, indent=2))

    # ---- how the runs stand --------------------------------------------------------------------------------------

    def trial_statuses(self) -> tuple[TrialStatus, ...]:
        """How each run of the plan stands, in the order of its jobs."""
        tended = self.tended
        return tuple(self._as_tended(self.trial_status(job.key), tended) for job in self.jobs)

    def trial_status(self, key: str) -> TrialStatus:
        """How a run stood when that was last written."""
        found = _read_json(self.path / "jobs" / f"{key}.json", {})
        with suppress(TypeError):
            trial_status = TrialStatus(**{"key": key, **found})
            if trial_status.status in get_args(JobStatus):
                return trial_status
        return TrialStatus(key)

    def write_trial_status(self, trial_status: TrialStatus) -> None:
        (self.path / "jobs").mkdir(exist_ok=True)
        replace_text(self.path / "jobs" / f"{trial_status.key}.json", json.dumps(asdict(trial_status), indent=2))

    def _as_tended(self, trial_status: TrialStatus, tended: bool) -> TrialStatus:
        """What a worker wrote that has died since is no longer true; and what waits under another order, rests."""
        if trial_status.status == "running" and not tended:
            return replace(trial_status, status="interrupted", activity="", steps_per_second=0.0)
        rests: dict[Order, JobStatus] = {"pause": "paused", "stop": "stopped"}
        order = self.order_of(trial_status.key)
        return (
            replace(trial_status, status=rests[order])
            if trial_status.status == "waiting" and order in rests
            else trial_status
        )

    def run_of(self, key: str) -> Run | None:
        """The run of the library that a job has become; None before it began, or once it was deleted."""
        run_id = self.trial_status(key).run_id
        try:
            return self.library.open(run_id) if run_id else None
        except RunError:
            return None

    def jobs_to_do(self) -> list[Job]:
        """Jobs that are to run and have not ended."""
        return [job for job in self.jobs if not self.trial_status(job.key).ended and self.order_of(job.key) == "run"]

    # ---- who runs it ---------------------------------------------------------------------------------------------

    @property
    def lock(self) -> FileLock:
        """Held by whoever runs the comparison."""
        return FileLock(self.path / ".lock", thread_local=False)

    @property
    def tended(self) -> bool:
        """Whether somebody, in this process or another, runs the comparison now."""
        lock = self.lock
        try:
            with lock.acquire(blocking=False):
                return False
        except (Timeout, OSError):
            return True


def check_data(run: Run, plan: Comparison) -> None:
    """Raise `StudyError` where the run learns other data than the comparison's runs."""
    config, base = run.config, plan.base
    if (config.data.name, config.shape) != (base.data.name, base.shape):
        raise StudyError(
            f"The run {run.id} learns {config.data.name}, this comparison {base.data.name}, so their quality "
            f"cannot be compared; choose a run on {base.data.name}"
        )


def _read_json(file: Path, default: Any) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return default

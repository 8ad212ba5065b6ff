"""A study is a comparison on disk: its plan, the status of each of its runs, and the commands given to them.

Processes communicate through its folder: workers write the status of their runs, a page or a terminal reads it and
writes commands, and the workers read those. So a study survives the end of any of them.

    checkpoints/comparisons/<date>-<id>-<short id>/
        comparison.json   the plan
        jobs/KEY.json     the status of one run, and its id in the library
        orders.json       which runs should run, pause or stop
        joined.json       runs of the library that were added, not trained for this comparison
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from filelock import FileLock, Timeout
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from gan_core.compare.plan import Comparison, Job, Variant
from gan_core.config import ConfigError
from gan_core.runs import Run, RunError, RunStore
from gan_core.runs.shipped import store_of
from gan_core.system.files import (
    MAX_JSON_BYTES,
    Count,
    LargeCount,
    Number,
    Seconds,
    checked,
    file_version,
    read_bytes,
    replace_text,
)

JobStatus = Literal["waiting", "running", "paused", "stopped", "interrupted", "finished", "failed"]
T = TypeVar("T")
ENDED: tuple[JobStatus, ...] = ("finished", "failed")
Command = Literal["run", "pause", "stop"]
_STATUS_AFTER: dict[Command, JobStatus] = {"pause": "paused", "stop": "stopped"}


class StudyError(RuntimeError):
    """A study that cannot be found, read or run; the message gives the reason and what to do."""


@dataclass(frozen=True)
class TrialStatus:
    """The status of one run of a study."""

    key: str
    status: JobStatus = "waiting"
    run_id: str = ""  # in the library; "" before the run has started
    activity: str = ""  # what the run waits for: "loading the data"
    step: Count = 0
    total_steps: Count = 0  # 0 where the length is given in seconds
    images: LargeCount = 0
    seconds: Seconds = 0.0  # of training
    steps_per_second: Number = 0.0
    memory: LargeCount = 0  # bytes
    loss_d: float | None = None
    loss_g: float | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True)
class AddedRun:
    """A run of the library that was added to a study."""

    run_id: str
    title: str  # added runs with the same title form one variant
    seed: LargeCount


class _Commands(TypedDict):
    all: Command  # given to every run without a command of its own
    jobs: dict[str, Command]  # by the key of a run


_TRIAL, _ADDED_RUNS = TypeAdapter(TrialStatus), TypeAdapter(tuple[AddedRun, ...])
_COMMANDS = TypeAdapter(_Commands)


class Study:
    """One study's folder. Any number of processes may read it and give commands; one at a time runs it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.library = RunStore(path.parents[1])

    @property
    def comparison(self) -> Comparison:
        """The current plan. Raises `StudyError` if it cannot be read."""
        return self._plan()[0]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All runs of the plan. Raises `StudyError` if it cannot be read."""
        return self._plan()[1]

    def _plan(self) -> tuple[Comparison, tuple[Job, ...]]:
        file = self.path / "comparison.json"
        try:
            return _parsed_plan(file, file_version(file))
        except (OSError, ConfigError) as error:
            raise StudyError(f"The comparison {self.id} has no readable comparison.json: {error}") from None

    def write(self, comparison: Comparison) -> None:
        replace_text(self.path / "comparison.json", comparison.to_json())

    def add_seeds(self, number: int) -> None:
        """Add runs of every variant with the next seeds. Raises `ConfigError` if these are too many runs."""
        plan, first = self.comparison, max(self.comparison.seeds) + 1
        self.write(plan.with_fields(seeds=(*plan.seeds, *range(first, first + number))))

    def add_variant(self, variant: Variant) -> None:
        """Add one variant with every seed. Raises `ConfigError` if it does not fit the plan."""
        self.write(self.comparison.with_variant(variant))

    def add_run(self, run_id: str, title: str = "") -> None:
        """Show a run of the library, finished or not, as a variant of its own or together with others of `title`.

        Raises:
            RunError: there is no such run.
            StudyError: it trains on other data, so its quality cannot be compared.
        """
        run = store_of(run_id, self.library).open(run_id)
        require_same_data(run, self.comparison)
        runs = [added for added in self.added_runs() if added.run_id != run_id]
        runs.append(AddedRun(run_id, title or run.name, run.config.seed))
        self._write_json("joined.json", [asdict(added) for added in runs])

    def added_runs(self) -> tuple[AddedRun, ...]:
        """Runs of the library that were added, oldest first."""
        return self._read("joined.json", _ADDED_RUNS) or ()

    def resume(self, key: str | None = None) -> None:
        """Let one run continue, or all. A run that was stopped by its key continues only by its key."""
        self._command("run", key)

    def pause(self, key: str | None = None) -> None:
        """Let one run, or all that are not stopped, save and pause; a worker takes another run instead."""
        self._command("pause", key)

    def stop(self, key: str | None = None) -> None:
        """Let one run, or all, save and end. It can be resumed later."""
        self._command("stop", key)

    def command_for(self, key: str) -> Command:
        """The last command given to a run."""
        commands = self._commands()
        return commands["jobs"].get(key, commands["all"])

    def _command(self, command: Command, key: str | None) -> None:
        commands = self._commands()
        if key is not None:
            commands["jobs"][key] = command
        else:
            stopped: dict[str, Command] = {key: given for key, given in commands["jobs"].items() if given == "stop"}
            commands = {"all": command, "jobs": stopped}
        self._write_json("orders.json", commands)

    def _commands(self) -> _Commands:
        return self._read("orders.json", _COMMANDS) or {"all": "run", "jobs": {}}

    def trial_statuses(self) -> tuple[TrialStatus, ...]:
        """The current status of each run of the plan, in the order of its jobs."""
        running = self.is_running
        return tuple(self._corrected(self.trial_status(job.key), running) for job in self.jobs)

    def trial_status(self, key: str) -> TrialStatus:
        """The status of a run as it was last written."""
        trial = self._read(f"jobs/{key}.json", _TRIAL)
        return replace(trial, key=key) if trial is not None else TrialStatus(key)

    def write_trial_status(self, trial: TrialStatus) -> None:
        (self.path / "jobs").mkdir(exist_ok=True)
        self._write_json(f"jobs/{trial.key}.json", asdict(trial))

    def mark_lost(self, key: str, error: str = "") -> None:
        """Note that the process or machine of a run was lost. The run can resume, unless an error ends it for good."""
        status: JobStatus = "failed" if error else "interrupted"
        self.write_trial_status(replace(self.trial_status(key), status=status, activity="", error=error))

    def _corrected(self, trial: TrialStatus, running: bool) -> TrialStatus:
        """The status without claims of a worker that has died, and with a command that a waiting run was given."""
        if trial.status == "running" and not running:
            return replace(trial, status="interrupted", activity="", steps_per_second=0.0)
        command = self.command_for(trial.key)
        if trial.status == "waiting" and command in _STATUS_AFTER:
            return replace(trial, status=_STATUS_AFTER[command])
        return trial

    def run_of(self, key: str) -> Run | None:
        """The library run of a job; None before it has started or after it was deleted."""
        run_id = self.trial_status(key).run_id
        try:
            return self.library.open(run_id) if run_id else None
        except RunError:
            return None

    def pending_jobs(self) -> list[Job]:
        """Jobs that should run and have not ended."""
        return [job for job in self.jobs if not self.trial_status(job.key).ended and self.command_for(job.key) == "run"]

    @property
    def lock(self) -> FileLock:
        """Held by the process that runs the study."""
        return FileLock(self.path / ".lock", thread_local=False)

    @property
    def is_running(self) -> bool:
        """Whether this process or another one runs the study now."""
        try:
            with self.lock.acquire(blocking=False):
                return False
        except Timeout:
            return True
        except OSError:  # a folder that cannot be written is not in training
            return False

    def _read(self, name: str, kind: TypeAdapter[T]) -> T | None:
        """The value in one of the files; None if it is missing or damaged."""
        with suppress(OSError, ValueError):
            return checked(kind, read_bytes(self.path / name, MAX_JSON_BYTES))
        return None

    def _write_json(self, name: str, value: Any) -> None:
        replace_text(self.path / name, json.dumps(value, indent=2))


@lru_cache(maxsize=100)
def _parsed_plan(file: Path, version: tuple[int, int]) -> tuple[Comparison, tuple[Job, ...]]:
    plan = Comparison.from_json(read_bytes(file, MAX_JSON_BYTES))
    return plan, plan.jobs()


def require_same_data(run: Run, plan: Comparison) -> None:
    """Raise `StudyError` if the run trains on other data than the comparison."""
    if not plan.has_same_data(run.config):
        raise StudyError(
            f"The run {run.id} trains on {run.config.data.name}, this comparison on {plan.base.data.name}, so their "
            f"quality cannot be compared; choose a run on {plan.base.data.name}"
        )

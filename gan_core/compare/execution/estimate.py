"""What a comparison needs before it starts: runs, time and memory. A worker process measures each kind of run briefly.

The measurements run side by side, as the runs will, so that they compete for the same cores.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import torch

from gan_core import data, metrics
from gan_core.compare.execution.local_pool import Pool
from gan_core.compare.plan import Comparison, Job
from gan_core.compare.study import StudyError
from gan_core.config import TrainConfig
from gan_core.config.schema import ConfigError
from gan_core.data import DataError
from gan_core.runs import checkpoint
from gan_core.session.observer import Observer
from gan_core.system.devices import find_device
from gan_core.system.limits import usable_cores
from gan_core.system.memory import free_bytes, used_bytes
from gan_core.training.memory_estimate import estimate_memory
from gan_core.training.throughput import same_speed, seconds_per_step
from gan_core.training.trainer import Trainer

T = TypeVar("T")
_PROCESS_BYTES = 700e6  # of a worker before it trains: Python, torch, the data, the evaluator
_OVERHEAD = 1.03  # time of a run with its recording, relative to its steps alone
_BETWEEN_RUNS = 0.5  # seconds from the end of one run to the start of the next
_STEP_SECONDS = 1.5  # for which steps are measured
_TIMEOUT = 120.0  # seconds per measurement


@dataclass(frozen=True)
class Estimate:
    """What a comparison needs on this machine."""

    runs: int
    workers: int  # runs that train at the same time
    device: str
    memory: int  # bytes of all workers together
    seconds: float | None = None  # from start to end; None if not measured


def outline(comparison: Comparison, workers: int | None = None, device: str = "auto") -> Estimate:
    """Runs, workers and memory, without measuring anything.

    Args:
        workers: runs at the same time; None for one per core, or as many as fit on the GPU.

    Raises:
        ValueError: the device does not exist.
    """
    jobs, torch_device = comparison.jobs(), find_device(device)
    memory = max(_PROCESS_BYTES + estimate_memory(job.config) for job in jobs)
    workers = min(len(jobs), workers or _workers_that_fit(memory, torch_device))
    return Estimate(len(jobs), workers, str(torch_device), int(workers * memory))


def measure(
    comparison: Comparison,
    workers: int | None = None,
    device: str = "auto",
    progress: Callable[[float], object] | None = None,
) -> Estimate:
    """`outline` with the time, from measuring each kind of run for some seconds.

    Args:
        progress: called with the share of the measurements that is done, in [0, 1].

    Raises:
        StudyError: a variant cannot run here; the message says which and why.
        ValueError: the device does not exist.
    """
    plan, jobs = outline(comparison, workers, device), comparison.jobs()
    kinds: list[Job] = []  # jobs of equal speed are measured once
    for job in jobs:
        if not any(same_speed(job.config, kind.config) for kind in kinds):
            kinds.append(job)
    try:
        measured = _measure_in_workers(kinds, plan, progress or (lambda share: None))
    except TimeoutError:
        raise StudyError("Measuring the runs takes too long to estimate the time of the comparison") from None
    costs = []
    for job in jobs:
        times = next(t for kind, t in zip(kinds, measured, strict=True) if same_speed(job.config, kind.config))
        costs.append(_seconds_of_run(job, comparison, times))
    seconds = _makespan(costs, plan.workers, start=max(times["boot"] + times["first"] for times in measured))
    memory = max(plan.memory, int(plan.workers * max(times["memory"] for times in measured)))
    return Estimate(plan.runs, plan.workers, plan.device, memory, seconds)


def _workers_that_fit(memory: float, device: torch.device) -> int:
    """How many workers of `memory` bytes fit side by side; at least one, at most one per core."""
    return max(1, min(usable_cores(), int(0.8 * free_bytes(device) / memory)))


def _seconds_of_run(job: Job, comparison: Comparison, times: dict[str, float]) -> float:
    """Seconds of one run with everything around its steps."""
    fixed = times["start"] + _BETWEEN_RUNS + comparison.judgements * times["evaluation"]
    if comparison.steps is None:
        return fixed + (job.max_seconds or 0.0)
    record = job.config.record
    per_step = _OVERHEAD * times["step"] + times["frame"] / record.frame_every + times["save"] / record.save_every
    return fixed + comparison.steps * per_step


def _makespan(costs: list[float], workers: int, start: float) -> float:
    """Seconds until all jobs are done, if each worker takes the next job as soon as it is free."""
    free_at = [start] * workers
    for seconds in costs:
        earliest = free_at.index(min(free_at))
        free_at[earliest] += seconds
    return max(free_at)


def _measure_in_workers(
    kinds: list[Job], plan: Estimate, progress: Callable[[float], object]
) -> list[dict[str, float]]:
    """The mean times of each kind of job, measured with all workers busy; for that, some kinds are measured twice."""
    rounds = -(-len(kinds) // plan.workers)
    answers: list[list[dict[str, float]]] = [[] for _ in kinds]
    boot_times = []
    with Pool(plan.workers) as pool:
        tasks = {
            pool.submit({"measure": kinds[k % len(kinds)].config.to_json(), "device": plan.device}): k % len(kinds)
            for k in range(plan.workers * rounds)
        }
        progress(0.0)
        for done in as_completed(tasks, _TIMEOUT * len(tasks)):
            kind, answer = tasks[done], done.result()
            if answer is None or "error" in answer:
                reason = "its process died" if answer is None else answer["error"]
                raise StudyError(f"{kinds[kind].variant.title} cannot run here: {reason}")
            answers[kind].append(answer)
            boot_times.append(answer["boot"])
            progress(len(boot_times) / len(tasks))
    once = {"boot": max(boot_times[: plan.workers]), "first": max(a["first"] for runs in answers for a in runs)}
    return [{name: sum(a[name] for a in runs) / len(runs) for name in runs[0]} | once for runs in answers]


# ---- in the worker process -------------------------------------------------------------------------------------------


def measure_here(config: TrainConfig, device: str) -> dict[str, Any]:
    """Seconds of each part of a run in this process, and its bytes of memory; plain JSON.

    "boot": starting the process; "first": the first use of the data and the evaluator; and per run or event "start",
    "step", "frame", "save" and "evaluation". {"error": ...} alone if the run cannot train here.
    """
    torch.set_num_threads(1)
    boot = time.time() - psutil.Process().create_time()
    try:
        first, trainer = _timed(lambda: _warmed_up(config, device))
        step = seconds_per_step(trainer, _STEP_SECONDS)
        start, observer = _timed(lambda: Observer(Trainer(config, device, data.load(config))))
        frame, _ = _timed(lambda: observer.sample_view(trainer))
        evaluation, _ = _timed(lambda: _evaluate(trainer))
        with tempfile.TemporaryDirectory() as folder:
            save, _ = _timed(lambda: checkpoint.save(trainer, Path(folder) / "step-0000001"))
    except (DataError, ConfigError, ValueError, OSError, MemoryError, RuntimeError) as error:
        return {"error": str(error)}
    times = {"boot": boot, "first": first, "start": start, "step": step, "frame": frame, "save": save}
    return times | {"evaluation": evaluation, "memory": used_bytes(trainer.device)}


def _timed(action: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


def _warmed_up(config: TrainConfig, device: str) -> Trainer:
    """A trainer after one step, one sample and one evaluation: their first calls in a process are slower."""
    trainer = Trainer(config, device, data.load(config))
    trainer.step()
    Observer(trainer).sample_view(trainer)
    _evaluate(trainer)
    return trainer


def _evaluate(trainer: Trainer) -> None:
    if trainer.config.dataset.kind == "points":
        metrics.point_quality.PointEvaluator(trainer.config).evaluate(trainer.generate(metrics.point_quality.SAMPLES))
    else:
        metrics.evaluate(trainer.generate(metrics.IMAGES), trainer.dataset)

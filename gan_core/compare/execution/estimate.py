"""What a comparison would take, before it starts: runs, time, memory. Found by trying each kind of run for a moment.

The trials run side by side as the runs will, so they meet the same crowd on the same cores.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from gan_core.compare.execution.local_pool import Pool
from gan_core.compare.plan import Comparison, Job
from gan_core.compare.study import StudyError
from gan_core.system.devices import find_device
from gan_core.system.memory import free_bytes
from gan_core.training import throughput
from gan_core.training.memory_estimate import estimate_memory

_PROCESS = 700e6  # bytes of a worker before it trains: Python, torch, the data, the judge
_AROUND = 1.03  # a run with its looks and figures, over its bare steps
_ENDS = 0.5  # seconds between the end of a run and the begin of the next
_WAIT = 120.0  # seconds for a trial


@dataclass(frozen=True)
class Estimate:
    """What a comparison takes on this machine."""

    runs: int
    workers: int  # runs that train at a time
    device: str
    memory: int  # bytes that all workers hold at once
    seconds: float | None = None  # from start to end; None where it was not tried
    seconds_per_step: tuple[tuple[str, float], ...] = ()  # by the variant's id, in a worker beside the others


def outline(comparison: Comparison, workers: int | None = None, device: str = "auto") -> Estimate:
    """Runs, workers and memory, at once and without trying anything.

    Args:
        workers: runs at a time; None for one on each core, or as many as fit on the GPU.

    Raises:
        ValueError: the device does not exist.
    """
    jobs, place = comparison.jobs(), find_device(device)
    need = max(map(_need, jobs))
    workers = min(len(jobs), workers or _room(need, place))
    return Estimate(len(jobs), workers, str(place), int(workers * need))


def measure(
    comparison: Comparison,
    workers: int | None = None,
    device: str = "auto",
    progress: Callable[[float, str], object] | None = None,
) -> Estimate:
    """The same with the time, found by some steps and a judgement of each variant; some seconds for each.

    Raises:
        StudyError: a variant cannot run here; the message says which and why.
        ValueError: the device does not exist.
    """
    plan, jobs = outline(comparison, workers, device), comparison.jobs()
    kinds: list[Job] = []  # runs that take the same time are tried once
    for job in jobs:
        if not any(throughput.same_speed(job.config, kind.config) for kind in kinds):
            kinds.append(job)
    trials = _tried(kinds, plan, progress or (lambda done, what: None))
    cost, per_step = [], {}
    for job in jobs:
        trial = next(t for kind, t in zip(kinds, trials, strict=True) if throughput.same_speed(job.config, kind.config))
        per_step[job.variant.id] = trial["step"]
        cost.append(_time_of(job, comparison, trial))
    before = max(trial["boot"] + trial["first"] for trial in trials)
    seconds = _scheduled(cost, plan.workers, before)
    memory = max(plan.memory, int(plan.workers * max(trial["memory"] for trial in trials)))
    return Estimate(plan.runs, plan.workers, plan.device, memory, seconds, tuple(per_step.items()))


def _need(job: Job) -> float:
    """Bytes that a worker holds while it trains this job."""
    return _PROCESS + estimate_memory(job.config)


def _room(need: float, place: torch.device) -> int:
    """How many runs that need so many bytes fit side by side; at least one, at most one a core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free = free_bytes(place)
    return max(1, min(cores, int(0.8 * free / need)))


def _time_of(job: Job, comparison: Comparison, trial: dict[str, float]) -> float:
    """Seconds of one run, all that is done around its steps included."""
    around = trial["start"] + _ENDS + comparison.judgements * trial["judgement"]
    if comparison.steps is None:
        return around + (job.max_seconds or 0.0)
    record = job.config.record
    kept = comparison.steps / record.frame_every * trial["frame"] + comparison.steps / record.save_every * trial["save"]
    return around + comparison.steps * trial["step"] * _AROUND + kept


def _tried(kinds: list[Job], plan: Estimate, tell: Callable[[float, str], object]) -> list[dict[str, float]]:
    """What a worker measured for each kind of run; as many are tried at once as will run at once, some twice for that.

    Of what was measured twice, the mean; of "boot", that of a process's first trial.
    """
    tasks = list(itertools.islice(itertools.cycle(range(len(kinds))), plan.workers * -(-len(kinds) // plan.workers)))
    asked = [{"measure": kinds[k].config.to_json(), "device": plan.device, "kind": k} for k in tasks]
    answers: list[list[dict[str, float]]] = [[] for _ in kinds]
    boots: list[float] = []
    end, done = time.monotonic() + _WAIT * len(asked), 0
    with Pool(plan.workers) as pool:
        while done < len(tasks):
            tell(done / len(tasks), "trying each kind of run")
            while asked and pool.free:
                pool.ask(asked.pop(0))
            came = pool.answer(0.5)
            if came is not None:
                kind, answer = came[0]["kind"], came[1]
                if answer is None or "error" in answer:
                    why = "its process died" if answer is None else answer["error"]
                    raise StudyError(f"{kinds[kind].variant.title} cannot run here: {why}")
                answers[kind].append(answer)
                boots.append(answer["boot"])
                done += 1
            if time.monotonic() > end:
                raise StudyError("Trying the runs takes too long to tell how long all of them take")
    boot = max(boots[: plan.workers])
    first = max(answer["first"] for answer in itertools.chain(*answers))
    return [_mean(found) | {"boot": boot, "first": first} for found in answers]


def _mean(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: sum(answer[name] for answer in found) / len(found) for name in found[0]}


def _scheduled(cost: list[float], workers: int, start: float) -> float:
    """Seconds until the last is done, where each worker takes the next job as soon as it is free."""
    free_at = [start] * workers
    for seconds in cost:
        first = free_at.index(min(free_at))
        free_at[first] += seconds
    return max(free_at)

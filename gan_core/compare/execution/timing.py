"""How long the runs of a comparison take here, found by doing each of their parts for a moment."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil
import torch

from gan_core import data, metrics
from gan_core.config import TrainConfig
from gan_core.config.schema import ConfigError
from gan_core.data import DataError
from gan_core.runs import checkpoint
from gan_core.session.observer import Observer
from gan_core.training.trainer import Trainer

T = TypeVar("T")
_SECONDS, _LEAST = 1.5, 3  # of steps, and steps at least


def measure(config: TrainConfig, device: str) -> dict[str, Any]:
    """Seconds that each part of a run takes in this process, and the bytes that it holds then; plain JSON for a worker.

    "boot": the process itself; "first": the data and the judge, once in a process; then of every run "start", "step",
    "frame", "save" and "judgement". Only {"error": ...} where the run cannot be tried.
    """
    torch.set_num_threads(1)
    boot = time.time() - psutil.Process().create_time()
    try:
        first, trainer = _timed(lambda: _warm(config, device))
        step = _time_of_a_step(trainer)
        start, observer = _timed(lambda: _begun(config, device))
        frame, _ = _timed(lambda: observer.sample_view(trainer))
        judgement, _ = _timed(lambda: _judge(trainer))
        with tempfile.TemporaryDirectory() as folder:
            save, _ = _timed(lambda: checkpoint.save(trainer, Path(folder) / "step-0000001"))
    except (DataError, ConfigError, ValueError, OSError, MemoryError, RuntimeError) as error:
        return {"error": str(error)}
    memory = torch.cuda.memory_reserved(device) if device.startswith("cuda") else psutil.Process().memory_info().rss
    times = {"boot": boot, "first": first, "start": start, "step": step, "frame": frame, "save": save}
    return times | {"judgement": judgement, "memory": memory}


def _timed(action: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


def _warm(config: TrainConfig, device: str) -> Trainer:
    """A trainer after all that is done only once in a process."""
    trainer = Trainer(config, device, data.load(config))
    _first_steps(trainer)
    Observer(trainer).sample_view(trainer)
    _judge(trainer)
    return trainer


def _begun(config: TrainConfig, device: str) -> Observer:
    """All that each run does before it trains."""
    return Observer(Trainer(config, device, data.load(config)))


def _first_steps(trainer: Trainer) -> None:
    """One of each kind: under a lazy penalty the second step is another than the first."""
    for _ in range(min(2, trainer.config.penalty.every)):
        trainer.step()


def _time_of_a_step(trainer: Trainer) -> float:
    began, steps = time.perf_counter(), 0
    while steps < _LEAST or time.perf_counter() - began < _SECONDS:
        trainer.step()
        steps += 1
        if trainer.device.type == "cuda":
            torch.cuda.synchronize(trainer.device)
    return (time.perf_counter() - began) / steps


def _judge(trainer: Trainer) -> None:
    """As the evaluator does, of a generator that knows nothing yet."""
    if trainer.config.dataset.kind == "points":
        metrics.point_quality.PointEvaluator(trainer.config).evaluate(trainer.generate(metrics.point_quality.SAMPLES))
    else:
        metrics.evaluate(trainer.generate(metrics.IMAGES), trainer.dataset)

"""How long the runs of a comparison take here, found by a few steps and one judgement of each kind of run."""

from __future__ import annotations

import time
from typing import Any

import psutil
import torch

from gan_core import data, metrics
from gan_core.config import TrainConfig
from gan_core.data import DataError
from gan_core.schema import ConfigError
from gan_core.trainer import Trainer

_SECONDS, _LEAST = 1.5, 3  # of steps, and steps at least


def measure(config: TrainConfig, device: str) -> dict[str, Any]:
    """Seconds that a step, a judgement and the start of a run take in this process, and the bytes that it holds then.

    For a worker: the answer is plain JSON, `{"error": ...}` where the run cannot be tried.
    """
    torch.set_num_threads(1)
    boot = time.time() - psutil.Process().create_time()
    began = time.perf_counter()
    try:
        trainer = Trainer(config, device, data.load(config))
        _judge(trainer)
        start = time.perf_counter() - began
        trainer.step()
        step = _time_of_a_step(trainer)
        began = time.perf_counter()
        _judge(trainer)
        judgement = time.perf_counter() - began
    except (DataError, ConfigError, ValueError, MemoryError, RuntimeError) as error:
        return {"error": str(error)}
    memory = torch.cuda.memory_reserved(device) if device.startswith("cuda") else psutil.Process().memory_info().rss
    return {"step": step, "judgement": judgement, "start": start, "boot": boot, "memory": memory}


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
        metrics.points.Judge(trainer.config).in_full(trainer.generate(metrics.points.SAMPLES))
    else:
        metrics.evaluate(trainer.generate(metrics.IMAGES), trainer.dataset)

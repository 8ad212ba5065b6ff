"""Evaluates a run during training, on a separate thread and a copy of the weights.

An evaluation has its own random streams, so training gives the same bits with and without evaluations. An error in an
evaluation becomes an event of the run, and training goes on.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from gan_core import metrics, models
from gan_core.metrics import registry
from gan_core.metrics.evaluations import Best, Evaluation, Evaluations
from gan_core.models.sampling import decode
from gan_core.runs import Run, checkpoint
from gan_core.session.snapshot import Publish
from gan_core.system.allocator import give_back_freed_memory
from gan_core.system.random_streams import stream
from gan_core.training.trainer import Trainer

_CANCEL_TIMEOUT = 5.0  # seconds to wait for a cancelled evaluation, which checks for it between small parts
_BATCH = 100  # samples generated at once
_NICENESS = 15  # with it, a thread gets 3 % of a core that training also needs, and all of an idle core


class _CancelledError(Exception):
    """The session ends and does not need this evaluation."""


def saved_evaluations(run: Run) -> Evaluations:
    """The evaluations in the run's folder."""
    best = run.best()
    metric = registry.QUALITY_METRIC[run.config.dataset.kind]
    return Evaluations(tuple(run.evaluations()), metric, best.step if best is not None else None)


class Evaluator:
    """Evaluates one run, one evaluation at a time. The training thread calls the public methods.

    Args:
        run: keeps the evaluations and the best checkpoint; None keeps neither.

    Attributes:
        error: why the data cannot be evaluated, or why the last evaluation failed; "" if nothing is wrong.
    """

    def __init__(self, trainer: Trainer, run: Run | None, publish: Publish) -> None:
        self._run, self._publish = run, publish
        self._config, self._dataset, self._device = trainer.config, trainer.dataset, trainer.device
        self._points = trainer.config.dataset.kind == "points"
        n = metrics.point_quality.SAMPLES if self._points else metrics.IMAGES
        rng = stream(trainer.config.seed, "judged while training")
        self._z = trainer.latents(n, rng)
        self._y: Tensor | None = None  # classes with the same frequencies as in the data
        if trainer.labels is not None:
            self._y = trainer.labels[torch.randint(len(trainer.labels), (n,), generator=rng)]
        self._metric = registry.QUALITY_METRIC[trainer.config.dataset.kind]  # lower is better
        self._best = run.best() if run is not None else None
        self.evaluations = saved_evaluations(run) if run is not None else Evaluations(metric=self._metric)
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()
        self._last_error = ""
        self._last_step = -1
        self._refusal = "" if self._points else metrics.refusal(self._dataset)
        self.error = self._refusal

    @property
    def busy(self) -> bool:
        """Whether an evaluation is running."""
        return self._thread is not None and self._thread.is_alive()

    def has_evaluated(self, step: int) -> bool:
        """Whether an evaluation of this step has started, now or before the run was resumed."""
        return step == self._last_step or step in (row.step for row in self.evaluations.rows)

    def start(self, trainer: Trainer, seconds: float, low_priority: bool = True) -> bool:
        """Copy the weights and evaluate them on a thread. Returns False if it cannot start.

        Args:
            seconds: training time so far.
            low_priority: let training use the cores first.
        """
        if self.busy or self._cancelled.is_set():
            return False
        if self._refusal:
            self._log_error(trainer.steps, ValueError(self._refusal))
            return False
        try:
            state = checkpoint.state_of(trainer)
            if self._run is None:  # only the generator is needed
                state = {name: state[name] for name in ("generator", "ema") if name in state}
            moment = (trainer.steps, trainer.epoch, seconds, trainer.images)
            work = (moment, _copy_to_cpu(state), low_priority)
            thread = threading.Thread(target=self._work, args=work, name="evaluation", daemon=True)
            thread.start()
        except (MemoryError, RuntimeError) as error:  # no memory for the copy or for a thread
            self._log_error(trainer.steps, error)
            return False
        self._thread, self._last_step = thread, trainer.steps
        return True

    def wait(self, timeout: float) -> bool:
        """Wait for the current evaluation, `timeout` seconds at most. Returns True if none is running any more."""
        if self._thread is not None:
            self._thread.join(timeout)
        return not self.busy

    def close(self) -> None:
        """Cancel the current evaluation, and refuse new ones."""
        self._cancelled.set()
        self.wait(_CANCEL_TIMEOUT)

    # ---- on the evaluation thread --------------------------------------------------------------------------------

    def _work(self, moment: tuple[int, float, float, int], state: dict[str, Any], low_priority: bool) -> None:
        torch.set_num_threads(1)  # of this thread only
        # For points, a low priority slows training down more (by 26 % instead of 5 %): an evaluation of points has many
        # short operations, and each holds Python's lock while it waits for a core.
        if low_priority and not self._points:
            _lower_priority()
        try:
            evaluation = Evaluation(*moment, tuple(registry.measured(self._measure(state))))
            self._check_cancelled()
            self._keep(evaluation, state)
            self._last_error = self.error = ""
        except _CancelledError:
            return
        except Exception as error:  # training goes on after any error
            self._log_error(moment[0], error)
        finally:
            give_back_freed_memory()

    def _measure(self, state: Mapping[str, Any]) -> registry.HasMetrics:
        network = self._network
        network.load_state_dict(state.get("ema", state["generator"]))
        models.set_rng(network, stream(self._config.seed, "judged noise", self._device))  # the same in each evaluation
        parts = []
        for rows in torch.arange(len(self._z)).split(_BATCH):
            self._check_cancelled()
            y = None if self._y is None else self._y[rows]
            part = decode(network, self._z[rows], y, self._config)
            # Images as a person sees and saves them, in a quarter of the memory.
            parts.append(part if self._points else part.mul(255).round().byte())
        samples = torch.cat(parts)
        if self._points:
            return self._point_evaluator.evaluate(samples)
        return metrics.evaluate(samples, self._dataset, lambda done, what: self._check_cancelled())

    @cached_property
    def _network(self) -> nn.Module:
        return models.build(self._config)[0].to(self._device).eval().requires_grad_(False)

    @cached_property
    def _point_evaluator(self) -> metrics.point_quality.PointEvaluator:
        return metrics.point_quality.PointEvaluator(self._config)

    def _keep(self, evaluation: Evaluation, state: dict[str, Any]) -> None:
        value = evaluation.value(self._metric)
        rows = (*self.evaluations.rows, evaluation)
        if self._run is not None:
            self._run.write_evaluations(rows)
            if value is not None and self._is_best(value, rows):
                best = Best(evaluation.step, self._metric, value)
                self._run.keep_best(state, best, self._config.record.keep)
                self._best = best
        evaluations = Evaluations(rows, self._metric, self._best.step if self._best else None)
        self.evaluations = evaluations
        self._publish(lambda now: replace(now, evaluations=evaluations))

    def _is_best(self, value: float, rows: tuple[Evaluation, ...]) -> bool:
        """Whether `value`, of the last row, is the best so far, or the only one measured with its features."""
        if self._best is None:
            return True
        of_best, of_last = (
            {metric.provenance.extractor for row in rows if row.step == step for metric in row.metrics}
            for step in (self._best.step, rows[-1].step)
        )
        return value < self._best.value or bool(of_best - of_last)

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise _CancelledError

    def _log_error(self, step: int, error: Exception) -> None:
        """Log an error, unless the evaluation before it failed with the same one."""
        text = f"{type(error).__name__}: {error}"
        if self._run is not None and text != self._last_error:
            with suppress(OSError):  # the folder may be gone
                self._run.log("unjudged", step, error=text)
        self._last_error, self.error = text, str(error) or type(error).__name__


def _copy_to_cpu(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: _copy_to_cpu(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copy_to_cpu(part) for part in value)
    return value


def _lower_priority() -> None:
    """Let training use a core first. Only Linux sets the priority of a thread instead of the process."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)

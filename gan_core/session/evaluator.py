"""Judging a run while it trains, in a thread of its own: training only copies its weights and hands them over.

A judgement draws from generators of its own and runs on a copy of the network, so training is the same bit for bit with
it and without. It may fail, but never into training: what went wrong becomes an event of the run.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from gan_core import metrics, models
from gan_core.metrics import registry
from gan_core.metrics.evaluations import Best, Evaluation, Evaluations
from gan_core.models.sampling import decode
from gan_core.runs import Run
from gan_core.system.allocator import give_back_freed_memory
from gan_core.system.random_streams import stream
from gan_core.training.trainer import Trainer

_PATIENCE = 5.0  # seconds to wait at most for a judgement that was told to give up; it looks up between small parts
_AT_ONCE = 100  # samples made at a time
_LOWER = 15  # "nice", where the system has it for a thread: 3 % of a core that training wants too, all of a free one


class _GivenUpError(Exception):
    """The session ends; nobody waits for this judgement."""


class Evaluator:
    """Judges one run now and then, one judgement at a time.

    Args:
        trainer: the run's; only read, and only by whoever calls `offer`.
        run: keeps the judgements and the best checkpoint; None keeps neither.
        publish: takes the fields of `Snapshot` that have changed.
    """

    def __init__(self, trainer: Trainer, run: Run | None, publish: Callable[..., None]) -> None:
        self._run, self._publish = run, publish
        self._config, self._dataset, self._device = trainer.config, trainer.dataset, trainer.device
        self._points = trainer.config.dataset.kind == "points"
        n = metrics.point_quality.SAMPLES if self._points else metrics.IMAGES
        chance = stream(trainer.config.seed, "judged while training")
        self._z = trainer.latents(n, chance)
        self._y: Tensor | None = None  # classes as frequent as in the data
        if trainer.labels is not None:
            self._y = trainer.labels[torch.randint(len(trainer.labels), (n,), generator=chance)]
        best = run.best() if run is not None else None
        self._best = best
        self.evaluations = Evaluations(
            tuple(run.evaluations()) if run is not None else (), self.metric, best.step if best else None
        )
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._complaint = ""
        self.batch_statistics = -1  # the step that was handed over last

    @property
    def metric(self) -> str:
        """The figure that tells the best checkpoint; lower is better."""
        return registry.QUALITY_METRIC["points" if self._points else "images"]

    # ---- for the training thread ---------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a judgement runs."""
        return self._thread is not None and self._thread.is_alive()

    def has_judged(self, step: int) -> bool:
        """Whether this step was handed over, or was judged before the run was taken up again."""
        return step == self.batch_statistics or step in (row.step for row in self.evaluations.rows)

    def offer(self, trainer: Trainer, seconds: float, yielding: bool = True) -> bool:
        """Evaluate the trainer as it now stands, after so many seconds of training; does nothing while busy.

        It lets training have the cores first, unless `yielding` is false because training has ended.
        """
        if self.busy or self._closing.is_set():
            return False
        try:
            self._thread = self._begin(trainer, seconds, yielding)
        except (MemoryError, RuntimeError) as error:  # no room for the copy, or for a thread
            self._complain(trainer.steps, f"{type(error).__name__}: {error}")
            return False
        self.batch_statistics = trainer.steps
        return True

    def _begin(self, trainer: Trainer, seconds: float, yielding: bool) -> threading.Thread:
        state = trainer.state_dict()
        if self._run is None:  # nothing is kept, so only what generates is needed
            state = {name: state[name] for name in ("generator", "ema") if name in state}
        moment = (trainer.steps, trainer.epoch, seconds, trainer.images)
        work = (moment, _frozen(state), yielding)
        thread = threading.Thread(target=self._work, args=work, name="batch_statistics", daemon=True)
        thread.start()
        return thread

    def wait(self, timeout: float) -> bool:
        """Wait for the judgement that runs, if one does; whether none does any more."""
        if self._thread is not None:
            self._thread.join(timeout)
        return not self.busy

    def close(self) -> None:
        """Give up the judgement that runs, and take no more."""
        self._closing.set()
        self.wait(_PATIENCE)

    # ---- in the thread of its own --------------------------------------------------------------------------------

    def _work(self, moment: tuple[int, float, float, int], state: dict[str, Any], yielding: bool) -> None:
        torch.set_num_threads(1)  # OpenMP keeps this number for each thread apart
        if yielding and not self._points:  # points are judged in short steps under Python's lock: a thread that held it
            _yield_to_others()  # and waited for a core would let training wait too (measured: 26 % of steps, not 5)
        try:
            judged = Evaluation(*moment, tuple(registry.of(self._judge(state))))
            self._check()
            self._keep(judged, state)
            self._complaint = ""
        except _GivenUpError:
            return
        except Exception as error:  # whatever it is, training goes on
            self._complain(moment[0], f"{type(error).__name__}: {error}")
        finally:
            give_back_freed_memory()

    def _judge(self, state: dict[str, Any]) -> registry.Evaluated:
        network = self._network
        network.load_state_dict(state.get("ema", state["generator"]))
        models.set_rng(network, stream(self._config.seed, "judged noise", self._device))  # the same each time
        samples = decode(network, self._z, self._y, self._config, _AT_ONCE, self._check)
        if self._points:
            return self._judge_of_points.in_full(samples)
        return metrics.evaluate(samples, self._dataset, lambda done, what: self._check())

    @cached_property
    def _network(self) -> nn.Module:
        return models.build(self._config)[0].to(self._device).eval().requires_grad_(False)

    @cached_property
    def _judge_of_points(self) -> metrics.point_quality.PointEvaluator:
        return metrics.point_quality.PointEvaluator(self._config)

    def _keep(self, judged: Evaluation, state: dict[str, Any]) -> None:
        value = judged.value(self.metric)
        rows = (*self.evaluations.rows, judged)
        if self._run is not None:
            self._run.write_evaluations(rows)
            if value is not None and (self._best is None or value < self._best.value):
                best = Best(judged.step, self.metric, value)
                self._run.keep_best(state, best, self._config.record.keep)
                self._best = best
        self.evaluations = Evaluations(rows, self.metric, self._best.step if self._best else None)
        self._publish(evaluations=self.evaluations)

    def _check(self) -> None:
        if self._closing.is_set():
            raise _GivenUpError

    def _complain(self, step: int, complaint: str) -> None:
        """Note once what went wrong, not again at every judgement."""
        if self._run is not None and complaint != self._complaint:
            with suppress(OSError):  # the folder itself may be what is gone
                self._run.log("unjudged", step, error=complaint)
        self._complaint = complaint


def _frozen(value: Any) -> Any:
    """A copy on the CPU that training no longer writes."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: _frozen(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_frozen(part) for part in value)
    return value


def _yield_to_others() -> None:
    """Let training go first where a core is wanted by both. Only Linux takes this for a thread and not the process."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWER)

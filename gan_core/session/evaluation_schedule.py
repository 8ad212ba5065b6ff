"""Decides when a run is evaluated."""

from __future__ import annotations

import math
from dataclasses import replace

from gan_core.session.listener import Context, Listener
from gan_core.session.recorder import Recorder
from gan_core.session.snapshot import Status
from gan_core.training.step_record import StepRecord, Which


class EvaluationSchedule(Listener):
    """Starts evaluations every `record.evaluate_every` seconds, or every `record.judge_every` steps if that is set.

    Training goes on during an evaluation by time. It waits for an evaluation by step, so that every run of a
    comparison is evaluated at the same steps.
    """

    def __init__(self, context: Context, recorder: Recorder) -> None:
        super().__init__(context)
        self._commands, self._clock = context.commands, context.clock
        self._evaluator, self._recorder = context.evaluator, recorder
        self._due = self._clock.seconds + self._interval

    def at_start(self) -> None:
        self._evaluate_by_step()  # a stop may have interrupted the evaluation of this step

    def after_step(self, record: StepRecord, which: Which) -> None:
        if self._clock.seconds >= self._due:
            if self._recorder.is_sound():
                self._evaluator.start(self._trainer, self._clock.seconds)
            self._due = self._clock.seconds + self._interval
        self._evaluate_by_step()

    def at_end(self, status: Status) -> bool:
        by_step = self._trainer.config.record.judge_every > 0
        if self._commands.stopping or (not by_step and self._clock.seconds < self._interval):
            return True
        self._context.publish(lambda now: replace(now, activity="evaluating the last step"))
        if self._wait() and not self._evaluator.has_evaluated(self._trainer.steps):
            self._evaluate_and_wait()
        return True

    def close(self) -> None:
        self._evaluator.close()

    @property
    def _interval(self) -> float:
        """Seconds of training between two evaluations by time."""
        record = self._trainer.config.record
        return record.evaluate_every if record.evaluate_every and not record.judge_every else math.inf

    def _evaluate_by_step(self) -> None:
        step, every = self._trainer.steps, self._trainer.config.record.judge_every
        if not every or not step or step % every or self._evaluator.has_evaluated(step):
            return
        if self._recorder.is_sound() and self._wait():
            self._evaluate_and_wait()
        self._clock.skip()  # the wait is not training

    def _evaluate_and_wait(self) -> None:
        self._evaluator.start(self._trainer, self._clock.seconds, low_priority=False)
        self._wait()

    def _wait(self) -> bool:
        """Wait for the current evaluation. Returns False at once on a stop command."""
        while not self._evaluator.wait(0.1) and not self._commands.stopping:
            pass
        return not self._commands.stopping

"""The training loop of a session."""

from __future__ import annotations

import math
from dataclasses import replace

from gan_core.config import TrainConfig
from gan_core.session.evaluation_schedule import EvaluationSchedule
from gan_core.session.folder_listeners import Checkpoints, EventLog, Frames
from gan_core.session.health import Health
from gan_core.session.listener import Context, Listener
from gan_core.session.publisher import Publisher
from gan_core.session.recorder import DivergedError, Recorder
from gan_core.session.single_step import WATCHED_SPEED, StepWatcher
from gan_core.session.snapshot import Status
from gan_core.session.training_slots import TrainingSlots, waiting_text
from gan_core.training import schedules
from gan_core.training.objective import ignore
from gan_core.training.step_record import Which


class Loop:
    """Steps a trainer, obeys commands, and calls listeners.

    Args:
        slots: shared with other sessions; None trains without waiting.
        max_steps, max_seconds: limits of this session, which replace the length in the config.
    """

    def __init__(
        self,
        context: Context,
        slots: TrainingSlots | None = None,
        max_steps: int | None = None,
        max_seconds: float | None = None,
    ) -> None:
        self.context, self.trainer, self.commands = context, context.trainer, context.commands
        self.publish = context.publish
        self.slots = slots
        recorder, health = Recorder(context), Health(context)
        self.checkpoints = Checkpoints(context, recorder)
        # The order matters: the recorder counts and checks a step before it is saved, evaluated and published.
        self.listeners: list[Listener] = [
            EventLog(context),
            recorder,
            Frames(context),
            self.checkpoints,
            EvaluationSchedule(context, recorder),
            Publisher(context, recorder, health),
        ]
        self.clock = context.clock
        self.limited = max_steps is not None or max_seconds is not None
        self.max_step = self.trainer.steps + (math.inf if max_steps is None else max_steps)
        self.max_seconds = self.clock.seconds + (math.inf if max_seconds is None else max_seconds)

    def run(self) -> None:
        """Train until the run is complete, a limit is reached, a stop command arrives, or training diverges."""
        try:
            for listener in self.listeners:
                listener.at_start()
            while not self._is_over() and (which := self._next_step()) is not None:
                if not self.commands.running or self._has_slot():  # a single step needs no slot
                    self._step(which)
            self._end("finished" if self.trainer.steps >= self.trainer.total_steps else "stopped")
        except DivergedError as error:
            for listener in self.listeners:
                listener.at_divergence(f"{error}; {self.checkpoints.advice_after_divergence()}")
        finally:
            self._release_slot()
            for listener in self.listeners:
                listener.close()

    def _step(self, which: Which) -> None:
        if self.clock.paused:
            self.clock.resume()
            self.publish(lambda now: replace(now, error=""))
        commands = self.commands
        is_slow = commands.speed is not None and commands.speed <= WATCHED_SPEED
        watcher = StepWatcher(self.trainer.config) if is_slow or not commands.running else None
        record = self.trainer.step(which, watcher or ignore)
        self.context.single_step = None if watcher is None else watcher.result(record)
        for listener in self.listeners:
            listener.after_step(record, which)

    def _end(self, status: Status) -> None:
        for listener in self.listeners:
            while not listener.at_end(status) and self._next_step() is not None:
                pass  # each Resume tries to save again; Stop gives up

    def _next_step(self) -> Which | None:
        return self.commands.next_step(self._change_settings, self._rest, self.clock.exclude)

    def _change_settings(self, config: TrainConfig, change: str) -> None:
        before, examples = self.trainer.config, len(self.trainer.dataset)
        change = ", ".join(filter(None, [change, schedules.jump(before, config, self.trainer.steps, examples)]))
        self.trainer.update(config)
        for listener in self.listeners:
            listener.on_setting_change(config, change)

    def _rest(self) -> None:
        self._release_slot()
        for listener in self.listeners:
            listener.at_rest()
        self.clock.pause()

    def _is_over(self) -> bool:
        last = self.max_step if self.limited else self.trainer.total_steps
        return self.trainer.steps >= last or self.clock.seconds >= self.max_seconds

    def _has_slot(self) -> bool:
        """Whether this session may train now; if not, wait a moment."""
        position = self.slots.request(self) if self.slots is not None else 0
        if position and self.slots is not None:
            self.clock.pause()
            self.publish(lambda now: replace(now, status="waiting", activity=waiting_text(position)))
            self.slots.wait(0.2)
        return not position

    def _release_slot(self) -> None:
        if self.slots is not None:
            self.slots.release(self)

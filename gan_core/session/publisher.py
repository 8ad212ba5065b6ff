"""Publishes snapshots of a run while it trains."""

from __future__ import annotations

import time
from dataclasses import replace

import psutil
import torch

from gan_core.session.commands import CommandQueue
from gan_core.session.evaluator import Evaluator
from gan_core.session.event_log import EventLog
from gan_core.session.frames import Frames
from gan_core.session.health import Health
from gan_core.session.listener import Listener
from gan_core.session.recorder import Recorder
from gan_core.session.sample_views import SampleViews
from gan_core.session.snapshot import Publish, SampleView, Status
from gan_core.system.devices import describe_device
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Trainer, Which

INTERVAL = 0.4  # seconds between snapshots


class Publisher(Listener):
    """Assembles a snapshot from the other listeners, every `INTERVAL` seconds and whenever training rests."""

    def __init__(
        self,
        trainer: Trainer,
        commands: CommandQueue,
        publish: Publish,
        run_id: str,
        recorder: Recorder,
        event_log: EventLog,
        frames: Frames,
        evaluator: Evaluator,
        health: Health,
        views: SampleViews,
    ) -> None:
        self._trainer, self._commands, self._publish, self._run_id = trainer, commands, publish, run_id
        self._recorder, self._event_log, self._frames = recorder, event_log, frames
        self._evaluator, self._health, self._views = evaluator, health, views
        self._next_time = 0.0

    def after_step(self, record: StepRecord, which: Which) -> None:
        if time.perf_counter() >= self._next_time:
            commands = self._commands
            self.show("stopping" if commands.stopping else "training" if commands.running else "paused")

    def at_rest(self) -> None:
        self.show("paused")

    def at_end(self, status: Status) -> bool:
        self.show(status)
        return True

    def at_divergence(self, error: str) -> None:
        step, history, health = self._trainer.steps, self._recorder.history.view(), self._health.diagnose()
        changes = tuple(self._event_log.setting_changes)
        self._publish(
            lambda now: replace(
                now,
                status="failed",
                error=error,
                step=step,
                history=history,
                health=health,
                setting_changes=changes,
                sample_view=SampleView(),
            )
        )

    def show(self, status: Status) -> None:
        """Publish a snapshot. Its samples are those of the current step, unless the status is "training"."""
        self._recorder.flush()
        trainer, clock, history = self._trainer, self._recorder.clock, self._recorder.history.view()
        rate = clock.steps_per_second
        view, fit, fit_step = self._views.get(now=status != "training")
        health = self._health.diagnose()
        self._publish(
            lambda now: replace(
                now,
                config=trainer.config,
                status=status,
                activity="",
                run_id=self._run_id,
                device=describe_device(trainer.device),
                step=trainer.steps,
                total_steps=trainer.total_steps,
                epoch=trainer.epoch,
                images=trainer.images,
                seconds=clock.seconds,
                steps_per_second=rate,
                seconds_left=max(0, trainer.total_steps - trainer.steps) / rate if rate else None,
                memory=_memory(trainer.device),
                history=history,
                sample_view=view,
                fit=fit,
                fit_step=fit_step,
                health=health,
                evaluations=self._evaluator.evaluations,
                setting_changes=tuple(self._event_log.setting_changes),
                frames=tuple(self._frames.steps),
                notes=trainer.notes,
            )
        )
        self._next_time = time.perf_counter() + INTERVAL


def _memory(device: torch.device) -> int:
    return torch.cuda.memory_reserved(device) if device.type == "cuda" else psutil.Process().memory_info().rss

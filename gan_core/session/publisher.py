"""Publishes snapshots of a run while it trains."""

from __future__ import annotations

import time
from dataclasses import replace

import psutil
import torch

from gan_core.session.health import Health
from gan_core.session.listener import Context, Listener
from gan_core.session.recorder import Recorder
from gan_core.session.sample_views import SampleViews
from gan_core.session.snapshot import SampleView, Status
from gan_core.system.devices import describe_device
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Which

INTERVAL = 0.4  # seconds between snapshots


class Publisher(Listener):
    """Assembles a snapshot from the other listeners, every `INTERVAL` seconds and whenever training rests."""

    def __init__(self, context: Context, recorder: Recorder, health: Health) -> None:
        super().__init__(context)
        self._recorder, self._health, self._views = recorder, health, SampleViews(context, health)
        self._next_time = 0.0

    def after_step(self, record: StepRecord, which: Which) -> None:
        if time.perf_counter() >= self._next_time:
            commands = self._context.commands
            self.show("stopping" if commands.stopping else "training" if commands.running else "paused")

    def at_rest(self) -> None:
        self.show("paused")

    def at_end(self, status: Status) -> bool:
        self.show(status)
        return True

    def at_divergence(self, error: str) -> None:
        context, health = self._context, self._health.diagnose()
        context.publish(
            lambda now: replace(
                now,
                status="failed",
                error=error,
                step=context.trainer.steps,
                history=context.history.view(),
                health=health,
                setting_changes=tuple(context.setting_changes),
                sample_view=SampleView(),
            )
        )

    def show(self, status: Status) -> None:
        """Publish a snapshot. Its samples are those of the current step, unless the status is "training"."""
        self._recorder.flush()
        context, trainer, rate = self._context, self._trainer, self._context.clock.steps_per_second
        view, fit, fit_step = self._views.get(now=status != "training")
        health = self._health.diagnose()
        context.publish(
            lambda now: replace(
                now,
                config=trainer.config,
                status=status,
                activity="",
                run_id=context.run.id if context.run is not None else "",
                device=describe_device(trainer.device),
                step=trainer.steps,
                total_steps=trainer.total_steps,
                epoch=trainer.epoch,
                images=trainer.images,
                seconds=context.clock.seconds,
                steps_per_second=rate,
                seconds_left=max(0, trainer.total_steps - trainer.steps) / rate if rate else None,
                memory=_memory(trainer.device),
                history=context.history.view(),
                sample_view=view,
                fit=fit,
                fit_step=fit_step,
                health=health,
                evaluations=context.evaluator.evaluations,
                setting_changes=tuple(context.setting_changes),
                frames=tuple(context.frames),
                notes=trainer.notes,
            )
        )
        self._next_time = time.perf_counter() + INTERVAL


def _memory(device: torch.device) -> int:
    return torch.cuda.memory_reserved(device) if device.type == "cuda" else psutil.Process().memory_info().rss

"""Publishes snapshots of a run while it trains."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from gan_core.session.health import Health
from gan_core.session.listener import Context, Listener
from gan_core.session.recorder import Recorder
from gan_core.session.sample_views import SampleViews
from gan_core.session.snapshot import SampleView, Snapshot, Status
from gan_core.system.devices import describe_device
from gan_core.system.memory import used_bytes
from gan_core.training.step_record import StepRecord, Which

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
        def without_samples(now: Snapshot) -> Snapshot:
            real = SampleView(real=now.real, real_classes=now.sample_view.real_classes)
            return replace(now, error=error, sample_view=real)

        self._publish("failed", without_samples)

    def show(self, status: Status) -> None:
        """Publish a snapshot. Its samples are those of the current step, unless it trains faster than it is shown."""
        self._recorder.flush()
        view, fit, fit_step = self._views.get(now=status != "training" or self._has_time())
        self._publish(status, lambda now: replace(now, sample_view=view, fit=fit, fit_step=fit_step))
        self._next_time = time.perf_counter() + INTERVAL

    def _has_time(self) -> bool:
        """Whether a speed limit leaves time to compute the samples of each step, and each step is shown."""
        speed = self._context.commands.speed
        return speed is not None and speed <= min(1 / INTERVAL, self._context.clock.steps_per_second / 2)

    def _publish(self, status: Status, with_samples: Callable[[Snapshot], Snapshot]) -> None:
        """Publish what the trainer and the other listeners know, with the samples that `with_samples` adds."""
        context, trainer, rate = self._context, self._trainer, self._context.clock.steps_per_second
        health, augment_p = self._health.diagnose(), trainer.augmentation.under(trainer.config)
        context.publish(
            lambda now: replace(
                with_samples(now),
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
                memory=used_bytes(trainer.device),
                augment_p=None if augment_p is None else augment_p.item(),
                history=context.history.view(),
                health=health,
                sample_stats=self._health.sample_stats,
                evaluations=context.evaluator.evaluations,
                evaluation_error=context.evaluator.error,
                setting_changes=tuple(context.setting_changes),
                frames=tuple(context.frames),
                single_step=context.single_step,
                notes=context.notes + trainer.notes,
            )
        )

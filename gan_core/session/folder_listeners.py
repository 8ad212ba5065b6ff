"""The listeners that write to a run's folder: its events, sample images and checkpoints."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import torch

from gan_core.config import TrainConfig
from gan_core.session.listener import Context, Listener
from gan_core.session.recorder import Recorder, diverged_network
from gan_core.session.snapshot import SettingChange, Status
from gan_core.training.step_record import StepRecord, Which

_RETRY_SECONDS = 5.0


class EventLog(Listener):
    """Logs the start, the setting changes and the failure of a run."""

    def at_start(self) -> None:
        device, threads = str(self._trainer.device), torch.get_num_threads()
        self._disk.log_event(self._trainer.steps, "started", device=device, threads=threads)

    def on_setting_change(self, config: TrainConfig, change: str) -> None:
        self._context.setting_changes.append(SettingChange(self._trainer.steps, change))
        self._disk.log_event(self._trainer.steps, "changed", text=change)
        self._disk.enqueue(lambda run: run.write_config(config))

    def at_divergence(self, error: str) -> None:
        self._disk.log_event(self._trainer.steps, "failed", error=error)


class Frames(Listener):
    """Writes an image of the samples every `record.frame_every` steps, also for TensorBoard.

    Weights that are not finite give no image.
    """

    def at_start(self) -> None:
        self._write()

    def after_step(self, record: StepRecord, which: Which) -> None:
        if record.step % self._trainer.config.record.frame_every == 0:
            self._write()

    def _write(self) -> None:
        step, frames, tensorboard = self._trainer.steps, self._context.frames, self._context.tensorboard
        if self._context.run is None or (frames and frames[-1] >= step) or diverged_network(self._trainer):
            return
        view = self._context.observer.sample_view(self._trainer)
        if self._disk.write(lambda run: run.write_frame(step, view.samples, view.plane)):
            frames.append(step)
            if tensorboard is not None:
                tensorboard.add_picture(step, view.samples, view.real, view.plane)


class Checkpoints(Listener):
    """Saves a checkpoint every `record.save_every` steps and at the end. A failed one is tried again soon."""

    def __init__(self, context: Context, recorder: Recorder) -> None:
        super().__init__(context)
        self._recorder = recorder
        self._saved_step = context.trainer.steps if len(context.history) else -1
        self._retry_at = math.inf  # on the clock of `time.monotonic`

    def after_step(self, record: StepRecord, which: Which) -> None:
        if record.step % self._trainer.config.record.save_every == 0 or time.monotonic() >= self._retry_at:
            self._save()

    def at_end(self, status: Status) -> bool:
        saved = self._save(last=True)
        if not saved and not self._context.attended:  # no user can make room and press Resume
            self._context.commands.stop()
            saved = self._save(last=True)
        if saved:
            self._disk.log_event(self._trainer.steps, status)
        return saved

    def advice_after_divergence(self) -> str:
        """What is kept, and what the user can do: the end of an error message."""
        if steps := self._context.run.checkpoints() if self._context.run else []:
            return (
                f"the checkpoint of step {steps[-1]:,} is kept. Lower the learning rates and resume from it, or start "
                "again with a calmer loss or penalty."
            )
        return (
            "no checkpoint was saved before. Lower the learning rates, or choose a calmer loss or penalty, and start "
            "again."
        )

    def _save(self, last: bool = False) -> bool:
        """Save a checkpoint unless the current step has one. False if the run cannot be saved now."""
        if self._context.run is None or self._saved_step == self._trainer.steps:
            return True
        keep = self._trainer.config.record.keep
        if not (self._recorder.is_sound() and self._disk.write(lambda run: run.save(self._trainer, keep, last))):
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            return False
        self._saved_step, self._retry_at = self._trainer.steps, math.inf
        self._context.publish(lambda now: replace(now, error="") if now.error else now)
        self._disk.log_event(self._saved_step, "saved", health=[f.id for f in self._context.findings if f.bad])
        return True

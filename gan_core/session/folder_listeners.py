"""The listeners that write to a run's folder: its events, sample images and checkpoints."""

from __future__ import annotations

import torch

from gan_core.config import TrainConfig
from gan_core.session.listener import Context, Listener
from gan_core.session.recorder import Recorder
from gan_core.session.snapshot import SettingChange, Status
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Which


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
    """Writes an image of the samples every `record.frame_every` steps, also for TensorBoard."""

    def at_start(self) -> None:
        self._write()

    def after_step(self, record: StepRecord, which: Which) -> None:
        if record.step % self._trainer.config.record.frame_every == 0:
            self._write()

    def _write(self) -> None:
        step, frames, tensorboard = self._trainer.steps, self._context.frames, self._context.tensorboard
        if self._context.run is None or (frames and frames[-1] >= step):
            return
        view = self._context.observer.sample_view(self._trainer)
        if self._disk.write(lambda run: run.write_frame(step, view.samples, view.plane)):
            frames.append(step)
            if tensorboard is not None:
                tensorboard.add_picture(step, view.samples, view.real, view.plane)


class Checkpoints(Listener):
    """Saves a checkpoint every `record.save_every` steps and at the end."""

    def __init__(self, context: Context, recorder: Recorder) -> None:
        super().__init__(context)
        self._recorder = recorder
        self._saved_step = context.trainer.steps if len(context.history) else -1

    def after_step(self, record: StepRecord, which: Which) -> None:
        if record.step % self._trainer.config.record.save_every == 0:
            self._save()

    def at_end(self, status: Status) -> bool:
        saved = self._save()
        if saved:
            self._disk.log_event(self._trainer.steps, status)
        return saved

    def last_saved(self) -> str:
        """A clause about the last checkpoint, for an error message."""
        steps = self._context.run.checkpoints() if self._context.run else []
        return f"the checkpoint of step {steps[-1]} is kept" if steps else "no checkpoint was due yet"

    def _save(self) -> bool:
        """Save a checkpoint unless the current step has one. False if the run cannot be saved now."""
        if self._context.run is None or self._saved_step == self._trainer.steps:
            return True
        keep = self._trainer.config.record.keep
        if not (self._recorder.is_sound() and self._disk.write(lambda run: run.save(self._trainer, keep))):
            return False
        self._saved_step = self._trainer.steps
        self._disk.log_event(self._saved_step, "saved", health=[f.id for f in self._context.findings if f.bad])
        return True

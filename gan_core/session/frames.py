"""Writes an image of the samples every `record.frame_every` steps."""

from __future__ import annotations

from gan_core.session.listener import Listener
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Which


class Frames(Listener):
    """Writes the sample images of a run to its folder and to TensorBoard."""

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

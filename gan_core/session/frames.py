"""Writes an image of the samples every `record.frame_every` steps."""

from __future__ import annotations

from gan_core.session.disk_writer import RetryingDiskWriter
from gan_core.session.listener import Listener
from gan_core.session.observer import Observer
from gan_core.session.tensorboard import TensorBoardWriter
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Trainer, Which


class Frames(Listener):
    """Writes the sample images of a run.

    Args:
        tensorboard: also receives the images.
    """

    def __init__(
        self, trainer: Trainer, disk: RetryingDiskWriter, observer: Observer, tensorboard: TensorBoardWriter | None
    ) -> None:
        self._trainer, self._disk, self._observer, self._tensorboard = trainer, disk, observer, tensorboard
        self.steps: list[int] = disk.run.frames() if disk.run is not None else []

    def at_start(self) -> None:
        self._write()

    def after_step(self, record: StepRecord, which: Which) -> None:
        if record.step % self._trainer.config.record.frame_every == 0:
            self._write()

    def _write(self) -> None:
        step = self._trainer.steps
        if self._disk.run is None or (self.steps and self.steps[-1] >= step):
            return
        view = self._observer.sample_view(self._trainer)
        if self._disk.write(lambda run: run.write_frame(step, view.samples, view.plane)):
            self.steps.append(step)
            if self._tensorboard is not None:
                self._tensorboard.add_picture(step, view.samples, view.real, view.plane)

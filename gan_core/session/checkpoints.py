"""Saves a checkpoint every `record.save_every` steps and at the end."""

from __future__ import annotations

from gan_core.session.context import Context
from gan_core.session.listener import Listener
from gan_core.session.recorder import Recorder
from gan_core.session.snapshot import Status
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Which


class Checkpoints(Listener):
    """Saves the checkpoints of a run."""

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

"""What the classes that record, save, evaluate and publish a run share, and the methods that the loop calls."""

from __future__ import annotations

import numpy as np

from gan_core.config import TrainConfig
from gan_core.diagnosis import Finding
from gan_core.runs import Run
from gan_core.session.clock import TrainingClock
from gan_core.session.commands import CommandQueue
from gan_core.session.disk_writer import RetryingDiskWriter
from gan_core.session.evaluator import Evaluator
from gan_core.session.observer import Observer
from gan_core.session.saved_snapshot import saved_setting_changes
from gan_core.session.single_step import SingleStep
from gan_core.session.snapshot import Publish, Status
from gan_core.session.tensorboard import TensorBoardWriter
from gan_core.training.history import COLUMNS, HistoryLog
from gan_core.training.step_record import StepRecord, Which
from gan_core.training.trainer import Trainer


class Context:
    """The trainer, the tools and the records of one session. A resumed run's records are read from its folder.

    Attributes:
        trainer: at the step where training starts or resumes.
        run: None keeps nothing on disk.
        history, clock: the values of each logged step and the time spent training; kept by `Recorder`.
        setting_changes: kept by `EventLog`.
        frames: the steps that have an image; kept by `Frames`.
        findings: the current diagnosis; kept by `Health`.
        single_step: the last step if it was taken alone or slowly; kept by `Loop`.
        notes: sentences for the user about the run's folder.
        attended: whether a user can press Resume; if not, training goes on when the disk refuses.
    """

    def __init__(
        self,
        trainer: Trainer,
        run: Run | None,
        commands: CommandQueue,
        publish: Publish,
        notes: tuple[str, ...] = (),
        attended: bool = True,
    ) -> None:
        self.trainer, self.run, self.commands, self.publish, self.notes = trainer, run, commands, publish, notes
        self.attended = attended
        self.disk = RetryingDiskWriter(run, commands, publish, attended)
        self.observer, self.evaluator = Observer(trainer), Evaluator(trainer, run, publish)
        self.tensorboard: TensorBoardWriter | None = None
        if run is not None and trainer.config.record.tensorboard:
            self.tensorboard = TensorBoardWriter(run, trainer.config, trainer.steps)
        past = run.metrics() if run is not None else np.empty((0, len(COLUMNS)))
        self.history = HistoryLog()
        self.history.extend(past)
        self.clock = TrainingClock(float(past[-1, COLUMNS.index("seconds")]) if len(past) else 0.0)
        self.setting_changes = saved_setting_changes(run.events()) if run is not None else []
        self.frames = run.frames() if run is not None else []
        self.findings: tuple[Finding, ...] = ()
        self.single_step: SingleStep | None = None


class Listener:
    """The training thread calls these methods, for one listener after another. The default does nothing."""

    def __init__(self, context: Context) -> None:
        self._context, self._trainer, self._disk = context, context.trainer, context.disk

    def at_start(self) -> None:
        """Called before the first step."""

    def after_step(self, record: StepRecord, which: Which) -> None:
        """Called after each step; `which` networks were trained."""

    def on_setting_change(self, config: TrainConfig, change: str) -> None:
        """Called when live settings have changed between two steps."""

    def at_rest(self) -> None:
        """Called when the loop has nothing to do and waits for a command."""

    def at_end(self, status: Status) -> bool:
        """Called after the last step. False makes the loop wait for the next command and call again."""
        return True

    def at_divergence(self, error: str) -> None:
        """Called instead of `at_end` if a loss or a weight is not finite."""

    def close(self) -> None:
        """Called last, in every case."""

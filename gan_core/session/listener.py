"""The protocol between the training loop and the classes that record, save, evaluate and publish a run."""

from __future__ import annotations

from gan_core.config import TrainConfig
from gan_core.session.context import Context
from gan_core.session.snapshot import Status
from gan_core.training.step_record import StepRecord
from gan_core.training.trainer import Which


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

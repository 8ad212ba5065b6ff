"""From step records to the history in memory and the rows on disk; and the first to notice what is no number."""

from __future__ import annotations

import math
from collections import deque

import torch

from gan_core.runs import Run
from gan_core.session.tensorboard import EventFiles
from gan_core.training.history import COLUMNS, HistoryLog
from gan_core.training.trainer import VALUES, StepRecord, Trainer, Which

_WINDOW = 5.0  # seconds of training that the rate is measured over
_ORDER = [VALUES.index(name) for name in COLUMNS if name in VALUES]  # from the trainer's order to the table's


class DivergedError(RuntimeError):
    """A loss or a weight became NaN or infinite. The message says which went first, and when."""


def lost_network(trainer: Trainer) -> str:
    """Which network has a weight that is no number, which its loss can tell in the next step only; "" for none."""
    for role, network in (("discriminator", trainer.discriminator), ("generator", trainer.generator)):
        if not all(weight.isfinite().all() for weight in network.parameters()):
            return role
    return ""


class Recorder:
    """Keeps the values of one run. Records wait on the training device until `flush` fetches them all at once.

    Args:
        events: TensorBoard's files, where they are wanted too.
    """

    def __init__(self, run: Run | None, log_every: int, seconds: float = 0.0, events: EventFiles | None = None) -> None:
        self.log = HistoryLog()
        self.seconds = seconds  # spent training
        self.events = events
        self._run = run
        self._every = log_every
        self._waiting: list[tuple[StepRecord, Which, float]] = []
        self._unwritten: list[list[float]] = []  # rows that the disk has not taken yet
        self._window: deque[tuple[float, int]] = deque()

    def add(self, record: StepRecord, which: Which, seconds: float) -> None:
        """Note a step that took `seconds`."""
        self.seconds += seconds
        self._window.append((self.seconds, record.step))
        while self._window[-1][0] - self._window[0][0] > _WINDOW and len(self._window) > 2:
            self._window.popleft()
        if record.step % self._every == 0:
            self._waiting.append((record, which, self.seconds))

    def flush(self) -> None:
        """Fetch the waiting values, check them, keep them.

        Raises:
            DivergedError: a loss is NaN or infinite; the rows up to there are kept.
            OSError: the disk refuses; the rows stay in memory, and the next flush tries them again.
        """
        if not self._waiting and not self._unwritten:
            return
        waiting, self._waiting = self._waiting, []
        table = torch.stack([record.values for record, _, _ in waiting]).tolist() if waiting else []
        rows, trouble = [], ""
        for (record, which, seconds), values in zip(waiting, table, strict=True):
            rows.append([record.step, record.epoch, seconds, record.images, *(values[i] for i in _ORDER)])
            trouble = _trouble(record.step, which, values)
            if trouble:
                break
        self.log.extend(rows)
        if self._run is not None:
            self._unwritten += rows
            self._run.append_metrics(self._unwritten)
            written, self._unwritten = self._unwritten, []
            if self.events is not None:
                self.events.add(written)
        if trouble:
            raise DivergedError(trouble)

    @property
    def rate(self) -> float:
        """Steps a second of training, over the last seconds; 0 before there are two steps."""
        if len(self._window) < 2:
            return 0.0
        (since, first), (until, last) = self._window[0], self._window[-1]
        return (last - first) / (until - since) if until > since else 0.0


def _trouble(step: int, which: Which, values: list[float]) -> str:
    moved = {"discriminator": which != "g", "generator": which != "d"}
    for role, name in (("discriminator", "loss_d"), ("generator", "loss_g")):
        value = values[VALUES.index(name)]
        if moved[role] and not math.isfinite(value):
            return f"The {role}'s loss became {'NaN' if math.isnan(value) else 'infinite'} at step {step}"
    return ""

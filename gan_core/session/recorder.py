"""Records the values of each logged step, and detects losses and weights that are not finite."""

from __future__ import annotations

import math

import torch

from gan_core.session.listener import Context, Listener
from gan_core.session.snapshot import Status
from gan_core.training.history import COLUMNS
from gan_core.training.step_record import VALUES, StepRecord, Which
from gan_core.training.trainer import Trainer

_ORDER = [VALUES.index(name) for name in COLUMNS if name in VALUES]  # from the order of VALUES to the order of COLUMNS


class DivergedError(RuntimeError):
    """A loss or a weight became NaN or infinite. The message names the network and the step."""


def diverged_network(trainer: Trainer) -> str:
    """The network with a NaN or infinite weight, or "". Its loss becomes NaN only in the next step."""
    for role, network in (("discriminator", trainer.discriminator), ("generator", trainer.generator)):
        if not all(weight.isfinite().all() for weight in network.parameters()):
            return role
    return ""


class Recorder(Listener):
    """Keeps the values of a run in memory and in its folder, and counts the time spent training.

    The values of a step stay on the training device until `flush` copies all waiting steps at once.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._waiting: list[tuple[StepRecord, Which, float]] = []
        self._unwritten: list[list[float]] = []  # rows that are not on disk yet

    def after_step(self, record: StepRecord, which: Which) -> None:
        clock = self._context.clock
        clock.tick(record.step)
        if record.step % self._trainer.config.record.log_every == 0:
            self._waiting.append((record, which, clock.seconds))

    def flush(self) -> bool:
        """Fetch, check and write the waiting values. False: the disk refused, and the next flush tries again.

        Raises `DivergedError` if a loss is NaN or infinite; the rows up to that step are kept.
        """
        return self._disk.attempt(self._flush)

    def is_sound(self) -> bool:
        """Whether all values are finite and on disk, and all weights finite. Raises `DivergedError` as `flush` does."""
        return self.flush() and not diverged_network(self._trainer)

    def at_end(self, status: Status) -> bool:
        self.flush()
        if network := diverged_network(self._trainer):
            raise DivergedError(f"A weight of the {network} became NaN or infinite by step {self._trainer.steps}")
        return True

    def close(self) -> None:
        if self._context.tensorboard is not None:
            self._context.tensorboard.close()

    def _flush(self) -> None:
        if not self._waiting and not self._unwritten:
            return
        waiting, self._waiting = self._waiting, []
        fetched = torch.stack([record.values for record, _, _ in waiting]).tolist() if waiting else []
        rows, problem = [], ""
        for (record, which, seconds), values in zip(waiting, fetched, strict=True):
            rows.append([record.step, record.epoch, seconds, record.images, *(values[i] for i in _ORDER)])
            problem = _non_finite_loss(record.step, which, values)
            if problem:
                break
        self._context.history.extend(rows)
        if self._context.run is not None:
            self._unwritten += rows
            self._context.run.append_metrics(self._unwritten)
            written, self._unwritten = self._unwritten, []
            if self._context.tensorboard is not None:
                self._context.tensorboard.add_rows(written)
        if problem:
            raise DivergedError(problem)


def _non_finite_loss(step: int, which: Which, values: list[float]) -> str:
    trained = {"discriminator": which != "g", "generator": which != "d"}
    for role, name in (("discriminator", "loss_d"), ("generator", "loss_g")):
        value = values[VALUES.index(name)]
        if trained[role] and not math.isfinite(value):
            return f"The {role}'s loss became {'NaN' if math.isnan(value) else 'infinite'} at step {step}"
    return ""

"""Trainers without recorded steps, and the values of steps."""

from __future__ import annotations

import pytest

from gan_core.config import TrainConfig
from gan_core.training import recorded_objective
from gan_core.training.trainer import Trainer


def eager(config: TrainConfig, device: str = "cpu") -> Trainer:
    """A trainer whose steps are not recorded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorded_objective, "recorded_step", lambda *_: None)
        return Trainer(config, device)


def values(trainer: Trainer, steps: int) -> list[list[str]]:
    """The values of each step, as text, because NaN does not equal itself."""
    return [[str(value) for value in trainer.step().values.tolist()] for _ in range(steps)]

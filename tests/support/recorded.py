"""What tests of recorded steps share: trainers whose steps are not recorded, and what steps came to."""

from __future__ import annotations

import pytest

from gan_core.acceleration.cuda_graph import CudaGraph
from gan_core.acceleration.replay import Replay
from gan_core.config import TrainConfig
from gan_core.training.trainer import Trainer


def eager(config: TrainConfig, device: str = "cpu") -> Trainer:
    """A trainer of which each step goes the usual way."""
    with pytest.MonkeyPatch.context() as patch:
        for way in (CudaGraph, Replay):
            patch.setattr(way, "can_record", lambda *_: False)
        return Trainer(config, device)


def values(trainer: Trainer, steps: int) -> list[list[str]]:
    """As text, for NaN is not equal to itself."""
    return [[str(value) for value in trainer.step().values.tolist()] for _ in range(steps)]

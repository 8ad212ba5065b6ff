"""What happened in a step that a person can follow: it was taken alone, or the run is slowed down to one a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data.ranges import to_bytes, to_unit
from gan_core.training.objective import Batch, Gradients, LatentBatch
from gan_core.training.step_record import StepRecord

WATCHED_SPEED = 1.0  # steps a second at most at which each step is kept
_IMAGES, _POINTS = 9, 200  # samples that are kept
_NUMBERS = 64  # of a latent


@dataclass(frozen=True, eq=False)
class NetworkStep:
    """One network's part of a step; of its last repetition if it was trained several times."""

    z: np.ndarray  # (k,) float32: the first numbers of the first latent
    fakes: np.ndarray  # (n, H, W, C) uint8, or (n, 2) float32
    real: np.ndarray  # as `fakes`; empty in G's part
    loss: float
    gradient_norm: float


@dataclass(frozen=True, eq=False)
class SingleStep:
    """A step, part by part. A network that it did not train has no part."""

    step: int
    batch_size: int
    d: NetworkStep | None
    g: NetworkStep | None
    score_real: float  # D's mean score in D's part; of an earlier step if D has no part
    score_fake: float


class StepWatcher:
    """Keeps what each network is trained on during one step: an argument of `Trainer.step`."""

    def __init__(self, config: TrainConfig) -> None:
        self._config = config
        self._seen: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def __call__(self, network: Literal["d", "g"], batch: Batch | LatentBatch, result: Gradients) -> None:
        """Copy a few samples of the batch, because the next step may overwrite them."""
        real = batch.real if network == "d" else None
        images = [np.empty(0) if x is None else self._as_shown(x) for x in (result.fakes, real)]
        self._seen[network] = batch.z[0, :_NUMBERS].float().cpu().numpy(), images[0], images[1]

    def result(self, record: StepRecord) -> SingleStep:
        """What was seen, with the values of the step."""
        d, g = self._seen.get("d"), self._seen.get("g")
        return SingleStep(
            record.step,
            self._config.batch_size,
            None if d is None else NetworkStep(*d, record.loss_d, record.grad_norm_d),
            None if g is None else NetworkStep(*g, record.loss_g, record.grad_norm_g),
            record.d_real,
            record.d_fake,
        )

    def _as_shown(self, x: Tensor) -> np.ndarray:
        if x.ndim == 2:
            return x[:_POINTS].detach().float().cpu().numpy()
        return to_bytes(to_unit(x[:_IMAGES].detach(), self._config.generator.output)).cpu().numpy()

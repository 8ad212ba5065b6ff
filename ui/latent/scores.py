"""D's scores of samples, on the scale of the run's loss."""

from __future__ import annotations

import numpy as np
import torch

from gan_core import latent, losses
from gan_core.latent import Model
from gan_core.losses import score_range
from gan_core.losses.descriptions import describe


def scores_of(model: Model, samples: np.ndarray, label: int | None) -> np.ndarray:
    """The score of each sample: (n,)."""
    config = model.config
    loss = losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing)
    return loss.score(torch.from_numpy(model.scores(samples, label))).numpy()


def name(model: Model) -> str:
    """What the score is, for a label."""
    return describe(losses.get(model.config.loss.name)).score_name


def range_of(model: Model) -> tuple[float, float]:
    """The scores to draw as fully fake and fully real: 0 and 1, or a critic's lowest and highest on 64 samples."""

    def of_samples() -> np.ndarray:
        return scores_of(model, model.pictures(latent.draw(model, 64, 0)), None)

    return model.remember("score range", lambda: score_range.score_range(model.config.loss.name, of_samples))

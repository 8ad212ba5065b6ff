"""What the panels draw: the samples of the current latent point, and D's scores of samples."""

from __future__ import annotations

import numpy as np
import torch

from gan_core import latent, losses
from gan_core.latent import Model
from gan_core.losses import score_range as ranges
from ui.latent import state


def current(model: Model) -> np.ndarray:
    """The samples of the current latent_point alone: (1, H, W, C) uint8, or (1, 2)."""
    latent_point = state.latent_point()
    return model.pictures(latent_point.z(state.direction_basis(model))[None], **latent_point.told(model))


def score_range(model: Model) -> tuple[float, float]:
    """The scores to draw as fully fake and fully real: 0 and 1, or a critic's lowest and highest on 64 samples."""

    def of_samples() -> np.ndarray:
        return scores(model, model.pictures(latent.draw(model, 64, 0)), None)

    return model.remember("score range", lambda: ranges.score_range(model.config.loss.name, of_samples))


def scores(model: Model, samples: np.ndarray, label: int | None) -> np.ndarray:
    """D's score of samples, on the loss's own scale: (n,)."""
    config = model.config
    loss = losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing)
    return loss.score(torch.from_numpy(model.scores(samples, label))).numpy()

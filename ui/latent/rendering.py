"""What the panels draw: the samples of the current latent point, and D's scores of samples."""

from __future__ import annotations

import numpy as np
import torch

from gan_core import latent, losses
from gan_core.latent import Model
from ui.latent import state


def current(model: Model) -> np.ndarray:
    """The samples of the current latent_point alone: (1, H, W, C) uint8, or (1, 2)."""
    latent_point = state.latent_point()
    return model.pictures(latent_point.z(state.direction_basis(model))[None], **latent_point.told(model))


def score_range(model: Model) -> tuple[float, float]:
    """The scores that count as wholly fake and wholly real: 0 and 1, or for a critic what it gives its own samples."""
    if losses.get(model.config.loss.name).score_name.endswith("probability"):
        return 0.0, 1.0
    return model.remember("score range", lambda: _range_of_critic(model))


def _range_of_critic(model: Model) -> tuple[float, float]:
    made = model.pictures(latent.draw(model, 64, 0))
    low, high = float((own := scores(model, made, None)).min()), float(own.max())
    return (low, high) if high > low else (low - 1, high + 1)


def scores(model: Model, samples: np.ndarray, label: int | None) -> np.ndarray:
    """D's score of samples, on the loss's own scale: (n,)."""
    config = model.config
    loss = losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing)
    return loss.score(torch.from_numpy(model.scores(samples, label))).numpy()

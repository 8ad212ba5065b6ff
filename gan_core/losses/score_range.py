"""What D's scores mean under a loss: probabilities, or numbers without fixed ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gan_core.losses.adversarial import get


def score_range(loss: str, scores: Callable[[], np.ndarray]) -> tuple[float, float]:
    """The scores to draw as fully fake and fully real.

    These are 0 and 1 for a probability, and the lowest and highest of `scores` for a critic.

    Args:
        loss: the loss's name.
        scores: returns scores of any shape; called for a critic only. Values that are not finite are left out.
    """
    if get(loss).is_probability:
        return 0.0, 1.0
    values = scores()
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low - 1, low + 1)

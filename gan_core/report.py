"""Figures of quality as lines of text: each with what it was measured on, and what real data score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from gan_core.metrics import Quality
    from gan_core.metrics.points import Fit

_FIGURES = {
    "frechet": "Frechet distance, lower is better",
    "class_divergence": "class divergence, nats",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
}


def quality(judged: Quality) -> Iterator[str]:
    """Images judged: a line a figure, beside it what real images score against real images."""
    yield f"{judged.images} generated against {judged.reference} real images, by the {judged.extractor}"
    yield f"{'':36}{'generated':>10}{'real':>10}"
    for name, label in _FIGURES.items():
        figure, floor = getattr(judged, name), getattr(judged.floor, name, None)
        if figure is not None:
            yield f"{label:36}{figure:>10.3g}" + (f"{floor:>10.3g}" if floor is not None else "")
    if judged.class_counts:
        yield f"images in each class: {', '.join(map(str, judged.class_counts))}"
        yield f"missing classes: {', '.join(judged.missing) or 'none'}"


def fit(judged: Fit) -> Iterator[str]:
    """Points judged: divergences, modes, and the moments wanted and generated."""
    yield f"{judged.n} generated points against the true distribution"
    yield f"{'KL divergence, bits':36}{judged.kl:>10.3g}"
    yield f"{'Jensen-Shannon divergence, bits':36}{judged.js:>10.3g}"
    if judged.modes is not None:
        yield f"{'modes covered':36}{f'{judged.covered} of {judged.modes}':>10}"
        yield f"{'points near a mode':36}{judged.good:>10.1%}"
    yield f"mean generated {_numbers(judged.mean)}, true {_numbers(judged.true_mean)}"
    yield f"covariance generated {_numbers(judged.covariance)}, true {_numbers(judged.true_covariance)}"


def _numbers(array: np.ndarray) -> str:
    if array.ndim > 1:
        return f"[{', '.join(map(_numbers, array))}]"
    return f"[{', '.join(f'{round(float(number), 3) + 0:.3g}' for number in array)}]"  # + 0 turns -0 into 0

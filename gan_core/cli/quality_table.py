"""Figures of quality as lines of text: each with what it was measured on, and what real data score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gan_core.metrics import registry

if TYPE_CHECKING:
    import numpy as np

    from gan_core.metrics import Quality
    from gan_core.metrics.point_quality import Fit


def quality(judged: Quality) -> Iterator[str]:
    """Images judged: a line a figure, beside it what real images score against real images."""
    yield f"{judged.images} generated against {judged.reference} real images, by the {judged.extractor}"
    yield from _table(judged)
    if judged.class_counts:
        yield f"images in each class: {', '.join(map(str, judged.class_counts))}"
        yield f"missing classes: {', '.join(judged.missing) or 'none'}"


def fit(judged: Fit) -> Iterator[str]:
    """Points judged: a line a figure, and the moments wanted and generated."""
    yield f"{judged.n} generated points against the true distribution"
    yield from _table(judged)
    if judged.modes is not None:
        yield f"modes covered: {judged.covered} of {judged.modes}"
    yield f"mean generated {_numbers(judged.mean)}, true {_numbers(judged.true_mean)}"
    yield f"covariance generated {_numbers(judged.covariance)}, true {_numbers(judged.true_covariance)}"


def _table(judged: registry.HasMetrics) -> Iterator[str]:
    yield f"{'':36}{'generated':>10}  {'95 % interval':<20}{'real':>8}{'n':>8}  best"
    for figure in registry.measured(judged):
        if figure.name == "covered":  # a line of its own says of how many
            continue
        label = f"{figure.info.label}, {figure.info.unit}" if figure.info.unit else figure.info.label
        interval = "" if figure.low is None else f"{figure.low:.3g} to {figure.high:.3g}"
        real = "" if figure.real is None else f"{figure.real:.3g}"
        yield f"{label:36}{figure.value:>10.3g}  {interval:<20}{real:>8}{figure.provenance.n:>8}  {figure.info.better}"
    yield f"features: {'; '.join(_extractors(judged))}"


def _extractors(judged: registry.HasMetrics) -> Iterator[str]:
    by: dict[str, list[str]] = {}
    for figure in registry.measured(judged):
        by.setdefault(figure.provenance.extractor, []).append(figure.name)
    most, *others = sorted(by, key=lambda name: -len(by[name]))
    yield most
    yield from (f"{', '.join(registry.METRICS[name].label for name in by[other])}: {other}" for other in others)


def _numbers(array: np.ndarray) -> str:
    if array.ndim > 1:
        return f"[{', '.join(map(_numbers, array))}]"
    return f"[{', '.join(f'{round(float(number), 3) + 0:.3g}' for number in array)}]"  # + 0 turns -0 into 0

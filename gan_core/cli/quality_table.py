"""Evaluations as lines of text, each metric with its provenance and the value of real data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gan_core.metrics import registry
from gan_core.system.formatting import short

if TYPE_CHECKING:
    import numpy as np

    from gan_core.metrics import Quality
    from gan_core.metrics.point_quality import Fit


def quality(evaluation: Quality) -> Iterator[str]:
    """An evaluation of images: one line a metric, with the value of real images against real images."""
    yield f"{evaluation.images} generated against {evaluation.reference} real images, by the {evaluation.extractor}"
    yield from _table(evaluation)
    if evaluation.class_counts:
        yield f"images in each class: {', '.join(map(str, evaluation.class_counts))}"
        yield f"missing classes: {', '.join(evaluation.missing) or 'none'}"


def fit(evaluation: Fit) -> Iterator[str]:
    """An evaluation of points: one line a metric, and the true and generated moments."""
    yield f"{evaluation.n} generated points against the true distribution"
    yield from _table(evaluation)
    if evaluation.modes is not None:
        yield f"modes covered: {evaluation.covered} of {evaluation.modes}"
    yield f"mean generated {_numbers(evaluation.mean)}, true {_numbers(evaluation.true_mean)}"
    yield f"covariance generated {_numbers(evaluation.covariance)}, true {_numbers(evaluation.true_covariance)}"


def _table(evaluation: registry.HasMetrics) -> Iterator[str]:
    yield f"{'':36}{'generated':>10}  {'95 % interval':<20}{'real':>8}{'n':>8}  best"
    for metric in registry.measured(evaluation):
        if metric.name == "covered":  # shown below with the number of modes
            continue
        label = f"{metric.info.label}, {metric.info.unit}" if metric.info.unit else metric.info.label
        interval = "" if metric.low is None or metric.high is None else f"{short(metric.low)} to {short(metric.high)}"
        real = "" if metric.real is None else short(metric.real)
        yield f"{label:36}{metric.value:>10.3g}  {interval:<20}{real:>8}{metric.provenance.n:>8}  {metric.info.better}"
    yield f"features: {'; '.join(_extractors(evaluation))}"


def _extractors(evaluation: registry.HasMetrics) -> Iterator[str]:
    by: dict[str, list[str]] = {}
    for metric in registry.measured(evaluation):
        by.setdefault(metric.provenance.extractor, []).append(metric.name)
    most, *others = sorted(by, key=lambda name: -len(by[name]))
    yield most
    yield from (f"{', '.join(registry.METRICS[name].label for name in by[other])}: {other}" for other in others)


def _numbers(array: np.ndarray) -> str:
    if array.ndim > 1:
        return f"[{', '.join(map(_numbers, array))}]"
    return f"[{', '.join(f'{round(float(number), 3) + 0:.3g}' for number in array)}]"  # + 0 turns -0 into 0

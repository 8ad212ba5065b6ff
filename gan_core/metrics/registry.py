"""The metric registry: the name, the direction and the unit of every metric, and the type of a measured value.

To add a metric, add a field of its name to `image_quality.Quality` or `point_quality.Fit`, and a line to METRICS.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gan_core.system.files import Count, Number


@dataclass(frozen=True)
class MetricInfo:
    """How a metric is labelled and read."""

    label: str
    better: str  # "lower", "higher", or the best value in words
    unit: str = ""


METRICS = {
    # images
    "frechet": MetricInfo("Fréchet distance", "lower"),
    "kernel": MetricInfo("kernel distance (KID)", "lower"),
    "class_divergence": MetricInfo("class divergence", "lower", "nats"),
    "precision": MetricInfo("precision", "higher"),
    "recall": MetricInfo("recall", "higher"),
    "density": MetricInfo("density", "near 1"),
    "coverage": MetricInfo("coverage", "higher"),
    "novelty": MetricInfo("novelty", "near 1; 0 is memorised"),
    # points
    "kl": MetricInfo("KL divergence", "lower", "bits"),
    "js": MetricInfo("Jensen-Shannon divergence", "lower", "bits"),
    "wasserstein": MetricInfo("Wasserstein distance", "lower"),
    "sliced": MetricInfo("sliced Wasserstein distance", "lower"),  # of images too
    "mean_error": MetricInfo("error of the mean", "lower"),
    "covariance_error": MetricInfo("error of the covariance", "lower"),
    "covered": MetricInfo("modes covered", "higher"),
    "good": MetricInfo("points near a mode", "higher"),
}
QUALITY_METRIC = {"images": "frechet", "points": "js"}  # selects a run's best checkpoint: lower is better


@dataclass(frozen=True)
class Provenance:
    """The data and the features that a metric was measured with."""

    n: Count  # generated examples
    reference: str  # the real examples: how many, of which split
    extractor: str  # the feature extractor: a classifier's name, "pixels" or "coordinates"


@dataclass(frozen=True)
class MetricValue:
    """A measured metric with its interval, its floor and its provenance."""

    name: str  # in METRICS
    value: Number
    low: Number | None  # 95 % interval; None if there is none
    high: Number | None
    real: Number | None  # score of real data against real data; None if it was not measured
    provenance: Provenance

    @property
    def info(self) -> MetricInfo:
        return METRICS[self.name]


_SIGHT = {  # by a part of the extractor's name
    "untrained network": (
        "These features see colour, contrast, sharpness, noise, rough shapes and repeated pictures, but not what a "
        "picture shows: one eye too many hardly counts."
    ),
    "quarter turns": (  # in runs of earlier versions
        "These features see what tells a picture from its quarter turns, but hardly a fine grid or faded colours, and "
        "nothing in pictures that look the same after a turn."
    ),
    "classes": "These features see what tells the classes apart, and less of what all classes share.",
}


def sight(extractor: str) -> str:
    """What the features of this extractor see and do not see, in plain words; "" for pixels and coordinates."""
    return next((text for part, text in _SIGHT.items() if part in extractor), "")


_COVERAGE_OF_REAL = {"good": 0.7, "fair": 0.35}  # least share
RATING = "Good: a coverage of at least 70 % of that of real data. Fair: at least 35 %. Poor: less."


def rating(coverage: float, real: float) -> str:
    """ "good", "fair" or "poor", by the coverage of generated and of real images, each in 0 to 1; "" if one is NaN.

    Coverage (Naeem et al., 2020) has the same meaning for all images; a Fréchet distance depends on its features.
    """
    if math.isnan(coverage) or math.isnan(real):
        return ""
    return next((word for word, least in _COVERAGE_OF_REAL.items() if coverage >= least * real), "poor")


# Bits. A perfect copy of half of the distribution has 0.31, of four fifths 0.11.
_FAIR_JS, GOOD_JS = 0.31, 0.1
RATING_OF_POINTS = "Good: below 0.1. Fair: below 0.31, the score of a perfect copy of half of the data. Poor: more."


def point_rating(js: float) -> str:
    """ "good", "fair" or "poor", by the Jensen-Shannon divergence of points from their distribution, in bits."""
    return "good" if js < GOOD_JS else "fair" if js < _FAIR_JS else "poor"


class HasMetrics(Protocol):
    """`image_quality.Quality` or `point_quality.Fit`: one field per metric."""

    @property
    def intervals(self) -> Mapping[str, tuple[float, float]]: ...

    @property
    def floor(self) -> HasMetrics | None: ...

    def provenance(self, name: str) -> Provenance: ...


def measured(result: HasMetrics) -> list[MetricValue]:
    """Every metric that was measured, in the order of METRICS."""
    values = []
    for name in METRICS:
        value = getattr(result, name, None)
        if value is not None:
            low, high = result.intervals.get(name, (None, None))
            real = getattr(result.floor, name, None)
            values.append(MetricValue(name, float(value), low, high, real, result.provenance(name)))
    return values

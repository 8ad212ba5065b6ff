"""The figures that judge a generator: what each is called, which way is better, and what it was measured on.

To add one, write its field in `metrics.quality.Quality` or `metrics.point_quality.Fit`, and its line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Kind:
    """What to know of a figure."""

    label: str
    better: str  # "lower", "higher", or what is best in words
    unit: str = ""


KINDS = {
    # images
    "frechet": Kind("Frechet distance", "lower"),
    "kernel": Kind("kernel distance (KID)", "lower"),
    "class_divergence": Kind("class divergence", "lower", "nats"),
    "precision": Kind("precision", "higher"),
    "recall": Kind("recall", "higher"),
    "density": Kind("density", "near 1"),
    "coverage": Kind("coverage", "higher"),
    "novelty": Kind("novelty", "near 1; 0 is memorised"),
    # points
    "kl": Kind("KL divergence", "lower", "bits"),
    "js": Kind("Jensen-Shannon divergence", "lower", "bits"),
    "wasserstein": Kind("Wasserstein distance", "lower"),
    "sliced": Kind("sliced Wasserstein distance", "lower"),  # of images too
    "mean_error": Kind("error of the mean", "lower"),
    "covariance_error": Kind("error of the covariance", "lower"),
    "covered": Kind("modes covered", "higher"),
    "good": Kind("points near a mode", "higher"),
}
QUALITY_METRIC = {
    "images": "frechet",
    "points": "js",
}  # the one that tells the best of a run's checkpoints: lower is better


@dataclass(frozen=True)
class Provenance:
    """What a figure was measured on."""

    n: int  # generated examples
    reference: str  # the real ones they were compared with: how many, of which split
    extractor: str  # in whose features: a classifier's name, or the data's own numbers


@dataclass(frozen=True)
class Metric:
    """A figure with all that must stand beside it."""

    name: str  # in KINDS
    value: float
    low: float | None  # 95 % interval; None where there is none
    high: float | None
    real: float | None  # what real data score against real data; None where that was not asked
    basis: Provenance

    kind = property(lambda self: KINDS[self.name])


class Evaluated(Protocol):
    """`metrics.quality.Quality` or `metrics.point_quality.Fit`: figures as fields, and what belongs to each."""

    @property
    def intervals(self) -> Mapping[str, tuple[float, float]]: ...

    @property
    def floor(self) -> Evaluated | None: ...

    def basis(self, name: str) -> Provenance: ...


def of(judged: Evaluated) -> list[Metric]:
    """Every figure that was measured, in the order of KINDS."""
    found = []
    for name in KINDS:
        value = getattr(judged, name, None)
        if value is not None:
            low, high = judged.intervals.get(name, (None, None))
            real = getattr(judged.floor, name, None)
            found.append(Metric(name, float(value), low, high, real, judged.basis(name)))
    return found

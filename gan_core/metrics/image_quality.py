"""Quality of generated images: each metric with its provenance and the score of real data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from gan_core.data import Dataset, Progress
from gan_core.metrics import bootstrap, class_balance, wasserstein
from gan_core.metrics.bootstrap import Interval
from gan_core.metrics.feature_classifier import check, classifier_for
from gan_core.metrics.frechet import frechet, kernel
from gan_core.metrics.precision_recall import NEIGHBOURS, ball_metrics, novelty, spacing
from gan_core.metrics.registry import Provenance
from gan_core.metrics.untrained_features import UntrainedFeatures
from gan_core.system.formatting import count
from gan_core.system.random_streams import stream

IMAGES = 5000  # generated images for one evaluation; at most as many real ones
FEWEST = 50  # different real images; with 24, the floor is as high as blurred images score, and recall is random
COMPARED = 2500  # of each kind at most, for the metrics that compare every pair
_BOUNDS = {"precision": (0.0, 1.0), "recall": (0.0, 1.0), "coverage": (0.0, 1.0), "kernel": (-math.inf, math.inf)}
_AT_LEAST_0 = (0.0, math.inf)


@dataclass(frozen=True)
class Quality:
    """Metrics of one set of images. No metric suffices alone: a collapsed generator can have a precision of 1.

    More images give a lower `frechet`, even for a perfect generator. Compare only values from equally many images and
    the same extractor.
    """

    images: int  # generated images
    reference: int  # real images
    compared: int  # images of each kind for all metrics except `frechet` and the class metrics
    extractor: str  # the network whose features are compared
    frechet: float  # squared, at least 0: lower is better
    kernel: float  # squared, 0 for a perfect generator on average: lower is better
    precision: float  # 0 to 1: share of generated images that look real
    recall: float  # 0 to 1: share of real images that could have been generated
    density: float  # 0 to 1 or a little above
    coverage: float  # 0 to 1: share of real images that have a generated image near them
    novelty: float  # distance to the nearest real image, relative to real images: 0 is a copy, 1 is as new as real
    sliced: float  # sliced Wasserstein distance of the pixels in [0, 1]: lower is better
    class_counts: tuple[int, ...] = ()  # images per class; empty for data without labels
    class_divergence: float | None = None  # KL(generated || real classes) in nats; None without labels
    missing: tuple[str, ...] = ()  # classes with less than a tenth of their share
    intervals: Mapping[str, Interval] = field(default_factory=dict)  # 95 %, by metric name
    floor: Quality | None = None  # one half of the real images against the other half

    def provenance(self, name: str) -> Provenance:
        """The data and features that the metric of this name was measured with."""
        n = self.images if name in ("frechet", "class_divergence") else self.compared
        real = self.reference if name in ("frechet", "class_divergence", "novelty") else self.compared
        return Provenance(n, f"{real} training images", "pixels" if name == "sliced" else self.extractor)


def refusal(dataset: Dataset) -> str:
    """Why images cannot be compared with this data set, and what the user can do; "" if they can."""
    different = set()
    for example in dataset.examples[:IMAGES]:
        different.add(example.numpy().tobytes())
        if len(different) == FEWEST:
            return ""
    return (
        f"the data hold {count(len(different), 'different pictures')}, and quality needs at least {FEWEST}; "
        "add pictures to measure it"
    )


def evaluate(images: Tensor, dataset: Dataset, progress: Progress | None = None) -> Quality:
    """Compare generated images with a data set. 5,000 (`IMAGES`) take a few seconds on one core.

    The first evaluation of a new data set with labels trains its classifier, which takes a minute or two. `progress` is
    called before each part and may raise an exception to cancel the evaluation.

    Args:
        images: uint8, or float in [0, 1]; (n, C, H, W) of the data set's shape, n above 5.
        dataset: images; for points use `gan_core.metrics.point_quality`.

    Raises:
        ValueError: the images hold NaN or values outside [0, 1], differ in shape from the data, or are too few.
    """
    check(images)
    if dataset.examples.ndim != 4 or images.shape[1:] != dataset.examples.shape[1:]:
        expected, got = (" x ".join(map(str, shape[1:])) for shape in (dataset.examples.shape, images.shape))
        raise ValueError(f"the data hold examples of shape {expected}, but images of {got} were given")
    if len(images) <= NEIGHBOURS:
        raise ValueError(f"more than {NEIGHBOURS} images are needed, got {len(images)}")
    progress = progress or (lambda fraction, text: None)
    return _evaluator_for(dataset, progress).evaluate(images, progress)


class ImageEvaluator:
    """Evaluates images against one data set, whose real images are classified once.

    Raises `ValueError` with the text of `refusal`.
    """

    def __init__(self, dataset: Dataset, progress: Progress) -> None:
        if reason := refusal(dataset):
            raise ValueError(reason)
        if dataset.one_attribute:  # a classifier of hair colour would not see how a face is drawn
            dataset = replace(dataset, labels=None, classes=())
        self._extractor = UntrainedFeatures(dataset) if dataset.labels is None else classifier_for(dataset, progress)
        self._real = self._classify(dataset.examples[:IMAGES], progress)
        self._classes: tuple[str, ...] = ()
        if dataset.labels is not None:
            self._classes = dataset.classes
            self._shares = torch.bincount(dataset.labels, minlength=len(dataset.classes)) / len(dataset)
        half = len(self._real) // 2
        self._floor = self._compare(self._real[:half], self._real[half : 2 * half], progress)

    def evaluate(self, images: Tensor, progress: Progress) -> Quality:
        return replace(self._compare(self._classify(images, progress), self._real, progress), floor=self._floor)

    def _classify(self, images: Tensor, progress: Progress) -> _ClassifiedImages:
        output = self._extractor.classify(images, lambda: progress(1.0, "looking at the images"))
        return _ClassifiedImages(images, output.features, output.probabilities)

    def _compare(self, fake: _ClassifiedImages, real: _ClassifiedImages, progress: Progress) -> Quality:
        compared = min(COMPARED, len(fake), len(real))
        some, some_real = fake[:compared], real[:compared]
        rng = stream(0, "resamples")  # the same images always get the same intervals
        all_weights, weights = (bootstrap.weights(n, rng) for n in (len(fake), compared))

        progress(1.0, "comparing features")
        rows = {"frechet": frechet(real.features, fake.features, all_weights)}
        progress(1.0, "comparing features")
        rows["kernel"] = kernel(some_real.features, some.features, weights)
        progress(1.0, "finding neighbours")
        rows |= ball_metrics(some_real.features, some.features, weights)
        progress(1.0, "finding neighbours")
        rows["novelty"] = novelty(real.features, some.features, weights, real.spacing)
        progress(1.0, "comparing pixels")
        rows["sliced"] = wasserstein.sliced(some_real.images, some.images, weights, stream(0, "directions"))
        counts = class_balance.counts(fake.probabilities)
        if self._classes:
            rows["class_divergence"] = class_balance.divergences(fake.probabilities, all_weights, self._shares)
        missing = class_balance.missing(counts, self._shares) if self._classes else []
        estimates = {name: bootstrap.estimate(row, *_BOUNDS.get(name, _AT_LEAST_0)) for name, row in rows.items()}
        return Quality(
            images=len(fake),
            reference=len(real),
            compared=compared,
            extractor=self._extractor.description,
            class_counts=tuple(counts.tolist()) if self._classes else (),
            missing=tuple(self._classes[k] for k in missing),
            intervals={name: interval for name, (_, interval) in estimates.items()},
            **{name: value for name, (value, _) in estimates.items()},  # type: ignore[arg-type]
        )


@dataclass(frozen=True, eq=False)
class _ClassifiedImages:
    images: Tensor  # uint8, or float in [0, 1]; (n, C, H, W)
    features: Tensor  # float32 (n, features)
    probabilities: Tensor  # float32 (n, classes)

    @cached_property
    def spacing(self) -> float:
        """Median distance to the nearest other image; computed once for the real images."""
        return spacing(self.features)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: slice) -> _ClassifiedImages:
        return _ClassifiedImages(self.images[rows], self.features[rows], self.probabilities[rows])


_evaluators: WeakKeyDictionary[Dataset, ImageEvaluator] = WeakKeyDictionary()
_guard = Lock()


def _evaluator_for(dataset: Dataset, progress: Progress) -> ImageEvaluator:
    with _guard:
        if dataset not in _evaluators:
            _evaluators[dataset] = ImageEvaluator(dataset, progress)
        return _evaluators[dataset]

"""How good generated images are: each figure, what it was measured on, and what real data score."""

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
from gan_core.metrics.feature_classifier import ClassifierInfo, ClassifierOutput, check, classifier_for
from gan_core.metrics.frechet import frechet, kernel
from gan_core.metrics.precision_recall import NEIGHBOURS, balls, novelty, spacing
from gan_core.metrics.registry import Provenance
from gan_core.system.random_streams import stream

IMAGES = 5000  # to generate for an evaluation, and real ones at most
COMPARED = 2500  # of each kind at most, for the figures that look at every pair
_WITHIN = {"precision": (0.0, 1.0), "recall": (0.0, 1.0), "coverage": (0.0, 1.0), "kernel": (-math.inf, math.inf)}
_AT_LEAST_0 = (0.0, math.inf)


@dataclass(frozen=True)
class Quality:
    """Figures of one set of images. None replaces another: a collapsed generator can have a precision of 1.

    The more images, the lower `frechet`, also for a perfect generator; compare only figures of equal numbers and judge.
    """

    images: int  # judged
    reference: int  # real images they were compared to
    compared: int  # images of each kind that all figures but `frechet` and the classes are of
    extractor: str  # the network whose features were compared
    frechet: float  # squared, at least 0: lower is better
    kernel: float  # squared, 0 for a perfect generator on average: lower is better
    precision: float  # 0 to 1: share of images that look real
    recall: float  # 0 to 1: share of real images that could have been generated
    density: float  # 0 to 1 or a little above
    coverage: float  # 0 to 1: share of real images with a generated one near
    novelty: float  # distance to the nearest real image, over that among real ones: 0 is memorised, 1 as new as real
    sliced: float  # Wasserstein distance of the pixels themselves, in brightness: lower is better
    class_counts: tuple[int, ...] = ()  # images in each class; empty for data without labels
    class_divergence: float | None = None  # KL of classes made from classes wanted, in nats; None without labels
    missing: tuple[str, ...] = ()  # classes with less than a tenth of their share
    intervals: Mapping[str, Interval] = field(default_factory=dict)  # 95 %, of each figure by its name
    floor: Quality | None = None  # what one half of the real images scores against the other

    def basis(self, name: str) -> Provenance:
        """What the figure of this name was measured on."""
        n = self.images if name in ("frechet", "class_divergence") else self.compared
        wanted = self.reference if name in ("frechet", "class_divergence", "novelty") else self.compared
        return Provenance(n, f"{wanted} training images", "pixels" if name == "sliced" else self.extractor)


def evaluate(images: Tensor, dataset: Dataset, progress: Progress | None = None) -> Quality:
    """ImageEvaluator generated images against a data set. 5,000 (`IMAGES`) take a few seconds on one core.

    A new data set's first evaluation trains its judge, which takes a minute or two. `progress` is told of each part and
    may raise, to give up.

    Args:
        images: uint8, or float in [0, 1]; (n, C, H, W) of the data set's shape, n above 5.
        dataset: images; points are judged by `gan_core.metrics.point_quality`.

    Raises:
        ValueError: NaN, values outside [0, 1], another shape than the data's, too few images.
    """
    check(images)
    if dataset.examples.ndim != 4 or images.shape[1:] != dataset.examples.shape[1:]:
        wanted, got = (" x ".join(map(str, shape[1:])) for shape in (dataset.examples.shape, images.shape))
        raise ValueError(f"the data hold examples of shape {wanted}, but images of {got} were given")
    if len(images) <= NEIGHBOURS:
        raise ValueError(f"more than {NEIGHBOURS} images are needed, got {len(images)}")
    return _judge_of(dataset, progress).judge(images, progress)


class ImageEvaluator:
    """A data set's classifier and what it sees in the real images.

    Raises:
        ValueError: the data set is too small to be split in halves of more than 5.
    """

    def __init__(self, dataset: Dataset, progress: Progress | None = None) -> None:
        if len(dataset) < 2 * (NEIGHBOURS + 1):
            raise ValueError(f"at least {2 * (NEIGHBOURS + 1)} real images are needed, the data hold {len(dataset)}")
        self._classifier = classifier_for(dataset, progress)
        self._real = self._sight(dataset.examples[:IMAGES], progress)
        self._classes: tuple[str, ...] = ()
        if dataset.labels is not None:
            self._classes = dataset.classes
            self._shares = torch.bincount(dataset.labels, minlength=len(dataset.classes)) / len(dataset)
        half = len(self._real) // 2
        self._floor = self._compare(self._real[:half], self._real[half : 2 * half], progress)

    def judge(self, images: Tensor, progress: Progress | None = None) -> Quality:
        return replace(self._compare(self._sight(images, progress), self._real, progress), floor=self._floor)

    def _sight(self, images: Tensor, progress: Progress | None) -> _Sight:
        parts = []
        for part in images.split(1000):
            _tell(progress, "looking at the images")
            parts.append(self._classifier.read(part))
        reading = ClassifierOutput(
            *(torch.cat(columns) for columns in zip(*(vars(part).values() for part in parts), strict=True))
        )
        return _Sight(images, reading)

    def _compare(self, made: _Sight, real: _Sight, progress: Progress | None) -> Quality:
        compared = min(COMPARED, len(made), len(real))
        some, some_real = made[:compared], real[:compared]
        chance = stream(0, "resamples")  # the same images always get the same intervals
        all_weights, weights = (bootstrap.weights(n, chance) for n in (len(made), compared))

        _tell(progress, "comparing features")
        figures = {"frechet": frechet(real.features, made.features, all_weights)}
        _tell(progress, "comparing features")
        figures["kernel"] = kernel(some_real.features, some.features, weights)
        _tell(progress, "finding neighbours")
        figures |= balls(some_real.features, some.features, weights)
        _tell(progress, "finding neighbours")
        figures["novelty"] = novelty(real.features, some.features, weights, real.spacing)
        _tell(progress, "comparing pixels")
        figures["sliced"] = wasserstein.sliced(some_real.pixels, some.pixels, weights, stream(0, "directions"))
        counts = class_balance.counts(made.reading.probabilities)
        if self._classes:
            figures["class_divergence"] = class_balance.divergences(
                made.reading.probabilities, all_weights, self._shares
            )
        read = {name: bootstrap.read(rows, *_WITHIN.get(name, _AT_LEAST_0)) for name, rows in figures.items()}
        return Quality(
            images=len(made),
            reference=len(real),
            compared=compared,
            extractor=_described(self._classifier.about),
            class_counts=tuple(counts.tolist()) if self._classes else (),
            missing=tuple(self._classes[k] for k in class_balance.missing(counts, self._shares))
            if self._classes
            else (),
            intervals={name: interval for name, (_, interval) in read.items()},
            **{name: figure for name, (figure, _) in read.items()},  # type: ignore[arg-type]
        )


@dataclass(frozen=True, eq=False)
class _Sight:
    """Images and what the classifier sees in them."""

    images: Tensor  # uint8, or float in [0, 1]; (n, C, H, W)
    reading: ClassifierOutput

    features = property(lambda self: self.reading.features)

    @cached_property
    def spacing(self) -> float:
        """Of the images among themselves; found once for the real ones."""
        return spacing(self.features)

    @property
    def pixels(self) -> Tensor:
        """Brightness in [0, 1]: float32 (n, C H W)."""
        flat = self.images.flatten(1)
        return flat / 255 if flat.dtype == torch.uint8 else flat.float()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: slice) -> _Sight:
        return _Sight(self.images[rows], ClassifierOutput(*(part[rows] for part in vars(self.reading).values())))


_judges: WeakKeyDictionary[Dataset, ImageEvaluator] = WeakKeyDictionary()
_guard = Lock()


def _judge_of(dataset: Dataset, progress: Progress | None) -> ImageEvaluator:
    """The data set's judge, made once for as long as the data stay in memory."""
    with _guard:
        if dataset not in _judges:
            _judges[dataset] = ImageEvaluator(dataset, progress)
        return _judges[dataset]


def _tell(progress: Progress | None, what: str) -> None:
    if progress is not None:
        progress(1.0, what)


def _described(about: ClassifierInfo) -> str:
    task = f"{len(about.classes)} classes" if about.labelled else "quarter turns"
    return f"{about.name} classifier ({task}, {about.accuracy:.1%} right)"

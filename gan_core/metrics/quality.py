"""How good generated images are: each figure, what it was measured on, and what real data score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from gan_core.data import Dataset, Progress
from gan_core.metrics import classes
from gan_core.metrics.classifier import About, Reading, check, classifier_for
from gan_core.metrics.distance import NEIGHBOURS, frechet_distance, neighbourhood

IMAGES = 5000  # to generate for an evaluation, and real ones at most
COMPARED = 2500  # of each kind at most, for the figures from neighbours


@dataclass(frozen=True)
class Quality:
    """Figures of one set of images. None replaces another: a collapsed generator can have a precision of 1.

    The more images, the lower `frechet`, also for a perfect generator; compare only figures of equal numbers and judge.
    """

    images: int  # judged
    reference: int  # real images they were compared to
    compared: int  # images of each kind that precision, recall, density and coverage are of
    extractor: str  # the network whose features were compared
    frechet: float  # squared, at least 0: lower is better
    precision: float  # 0 to 1: share of images that look real
    recall: float  # 0 to 1: share of real images that could have been generated
    density: float  # 0 to 1 or a little above
    coverage: float  # 0 to 1: share of real images with a generated one near
    class_counts: tuple[int, ...] = ()  # images in each class; empty for data without labels
    class_divergence: float | None = None  # KL of classes made from classes wanted, in nats; None without labels
    missing: tuple[str, ...] = ()  # classes with less than a tenth of their share
    floor: Quality | None = None  # what one half of the real images scores against the other


def evaluate(images: Tensor, dataset: Dataset, progress: Progress | None = None) -> Quality:
    """Judge generated images against a data set. 5,000 (`IMAGES`) take about a second.

    A new data set's first evaluation trains its judge, which takes a minute or two and is told to `progress`.

    Args:
        images: uint8, or float in [0, 1]; (n, C, H, W) of the data set's shape, n above 5.
        dataset: images; points are judged by `gan_core.metrics.points`.

    Raises:
        ValueError: NaN, values outside [0, 1], another shape than the data's, too few images.
    """
    check(images)
    if dataset.examples.ndim != 4 or images.shape[1:] != dataset.examples.shape[1:]:
        wanted, got = (" x ".join(map(str, shape[1:])) for shape in (dataset.examples.shape, images.shape))
        raise ValueError(f"the data hold examples of shape {wanted}, but images of {got} were given")
    if len(images) <= NEIGHBOURS:
        raise ValueError(f"more than {NEIGHBOURS} images are needed, got {len(images)}")
    return _judge_of(dataset, progress).judge(images)


class Judge:
    """A data set's classifier and what it sees in the real images.

    Raises:
        ValueError: the data set is too small to be split in halves of more than 5.
    """

    def __init__(self, dataset: Dataset, progress: Progress | None = None) -> None:
        if len(dataset) < 2 * (NEIGHBOURS + 1):
            raise ValueError(f"at least {2 * (NEIGHBOURS + 1)} real images are needed, the data hold {len(dataset)}")
        self._classifier = classifier_for(dataset, progress)
        self._real = self._classifier.read(dataset.examples[:IMAGES])
        self._classes: tuple[str, ...] = ()
        if dataset.labels is not None:
            self._classes = dataset.classes
            self._shares = torch.bincount(dataset.labels, minlength=len(dataset.classes)) / len(dataset)
        half = len(self._real.features) // 2
        first, second = (Reading(*(part[rows] for part in vars(self._real).values())) for rows in _halves(half))
        self._floor = self._compare(first, second)

    def judge(self, images: Tensor) -> Quality:
        return replace(self._compare(self._classifier.read(images), self._real), floor=self._floor)

    def _compare(self, made: Reading, real: Reading) -> Quality:
        compared = min(COMPARED, len(made.features), len(real.features))
        near = neighbourhood(real.features[:compared], made.features[:compared])
        quality = Quality(
            images=len(made.features),
            reference=len(real.features),
            compared=compared,
            extractor=_described(self._classifier.about),
            frechet=frechet_distance(real.features, made.features),
            **vars(near),
        )
        if not self._classes:
            return quality
        counts = classes.counts(made.probabilities)
        return replace(
            quality,
            class_counts=tuple(counts.tolist()),
            class_divergence=classes.divergence(counts, self._shares),
            missing=tuple(self._classes[k] for k in classes.missing(counts, self._shares)),
        )


_judges: WeakKeyDictionary[Dataset, Judge] = WeakKeyDictionary()
_guard = Lock()


def _judge_of(dataset: Dataset, progress: Progress | None) -> Judge:
    """The data set's judge, made once for as long as the data stay in memory."""
    with _guard:
        if dataset not in _judges:
            _judges[dataset] = Judge(dataset, progress)
        return _judges[dataset]


def _halves(n: int) -> tuple[slice, slice]:
    return slice(0, n), slice(n, 2 * n)


def _described(about: About) -> str:
    task = f"{len(about.classes)} classes" if about.labelled else "quarter turns"
    return f"{about.name} classifier ({task}, {about.accuracy:.1%} right)"

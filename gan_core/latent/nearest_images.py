"""The real examples nearest to a sample, to see whether G memorised them."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS
from gan_core.data import Dataset
from gan_core.data.ranges import as_floats
from gan_core.latent.frozen_model import Model, as_samples
from gan_core.metrics.feature_classifier import Classifier, available_classifier
from gan_core.metrics.precision_recall import neighbor_distances
from gan_core.metrics.untrained_features import UntrainedFeatures

SEARCHED = 20_000  # real images at most
_SPACED = 5_000  # real images whose distances to each other are measured
_EXACT = "donot_use_mm_for_euclid_dist"  # the faster mode gives a copy a distance of some hundredths
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The k real examples nearest to each of n samples, the nearest first."""

    index: np.ndarray  # (n, k) int: index in the data set
    distance: np.ndarray  # (n, k)
    real: np.ndarray  # (n, k, H, W, C) uint8, or (n, k, 2) float32
    closer: np.ndarray  # (n,): share of real examples whose nearest other one is closer; near 0: a copy
    quantiles: dict[float, float]  # of the distance from a real example to the nearest other one
    space: str  # the space of the distances, in words
    searched: int  # number of real examples


def neighbors(of: Model | TrainConfig, samples: Tensor | np.ndarray, dataset: Dataset, k: int = 5) -> Neighbors:
    """The `k` real examples nearest to each sample, as `Model.decode` or `Model.pictures` gives them.

    Distances are Euclidean: between the features that evaluate the images, or between pixels in [0, 1] if these
    features need a classifier that is not trained yet; for points, in the plane. The first call for a data set takes a
    second or two.

    Raises `ValueError` if the samples differ in shape from the data, or k exceeds the number of examples.
    """
    config = of.config if isinstance(of, Model) else of
    x = as_samples(samples, config.shape)
    space = _space_for(dataset)
    if not 1 <= k <= len(space.real):
        raise ValueError(f"k must be from 1 to {len(space.real)}, got {k}")
    distances = torch.cdist(space.embed(x), space.real, compute_mode=_EXACT)
    distance, index = distances.topk(k, dim=1, largest=False)
    real = dataset.examples[index.flatten()]
    real = real.permute(0, 2, 3, 1) if real.ndim == 4 else real
    return Neighbors(
        index=index.numpy(),
        distance=distance.numpy(),
        real=real.reshape(*index.shape, *real.shape[1:]).numpy(),
        closer=(torch.searchsorted(space.spacing, distance[:, 0].contiguous()) / len(space.spacing)).numpy(),
        quantiles=space.quantiles,
        space=space.name,
        searched=len(space.real),
    )


class _Space:
    def __init__(self, dataset: Dataset) -> None:
        self._classifier: Classifier | UntrainedFeatures | None = None
        self.name = "the plane"
        if dataset.examples.ndim == 4:
            trained = dataset.labels is not None and not dataset.one_attribute
            self._classifier = available_classifier(dataset) if trained else UntrainedFeatures(dataset)
            self.name = _name_of(self._classifier)
        self.real = torch.cat([self.embed(part) for part in dataset.examples[:SEARCHED].split(1000)])
        self.spacing = (
            neighbor_distances(self.real[:_SPACED].double(), 1).float().sort().values
        )  # to the nearest other one
        quantiles = torch.quantile(self.spacing, torch.tensor(QUANTILES))
        self.quantiles = dict(zip(QUANTILES, quantiles.tolist(), strict=True))

    def embed(self, samples: Tensor) -> Tensor:
        """Samples, uint8 or float in [0, 1], or points -> float32 (n, d)."""
        if self._classifier is not None:
            return self._classifier.classify(samples).features
        return as_floats(samples.flatten(1))


def _name_of(extractor: Classifier | UntrainedFeatures | None) -> str:
    if extractor is None:
        return "pixels"
    if isinstance(extractor, UntrainedFeatures):
        return "features of an untrained network, colour, contrast and detail"
    name = extractor.info.name
    return f"features of {f'the {name} classifier' if name in DATASETS else 'a classifier trained on this data'}"


_spaces: WeakKeyDictionary[Dataset, _Space] = WeakKeyDictionary()
_lock = Lock()


def _space_for(dataset: Dataset) -> _Space:
    with _lock:
        if dataset not in _spaces:
            _spaces[dataset] = _Space(dataset)
        return _spaces[dataset]

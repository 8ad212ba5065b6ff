"""Is a sample memorised? The real images nearest to it, and how near real images are to each other."""

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
from gan_core.latent.frozen_model import Model, as_samples
from gan_core.metrics.feature_classifier import Classifier, available_classifier
from gan_core.metrics.precision_recall import neighbour_distances

SEARCHED = 20_000  # real images at most
_SPACED = 5_000  # real images whose distances to each other are measured
_EXACT = "donot_use_mm_for_euclid_dist"  # the faster way finds a copy some hundredths away from its original
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The real examples nearest to each of n samples, the nearest first."""

    index: np.ndarray  # (n, k) int: in the data set
    distance: np.ndarray  # (n, k)
    real: np.ndarray  # (n, k, H, W, C) uint8, or (n, k, 2) float32
    closer: np.ndarray  # (n,): share of real examples that have another real one nearer to them; near 0: a copy
    quantiles: dict[float, float]  # of the distance of a real example to the nearest other one
    space: str  # where distances are measured, in words
    searched: int  # real examples


def neighbours(of: Model | TrainConfig, samples: Tensor | np.ndarray, dataset: Dataset, k: int = 5) -> Neighbours:
    """The `k` real examples nearest to each sample, as `Model.decode` or `Model.pictures` gives them.

    Distances are those in the features of the classifier that judges this data, if it is at hand; else those of the
    pixels in [0, 1], or of the points themselves. No classifier is trained here. The first call on a data set looks at
    all of it, which takes a second or two.

    Raises:
        ValueError: samples of another shape than the data's, or more neighbours than examples.
    """
    config = of.config if isinstance(of, Model) else of
    x = as_samples(samples, config.shape)
    space = _space_for(dataset)
    if not 1 <= k <= len(space.real):
        raise ValueError(f"from 1 to {len(space.real)} neighbours can be found, not {k}")
    apart = torch.cdist(space.place(x), space.real, compute_mode=_EXACT)
    distance, index = apart.topk(k, dim=1, largest=False)
    real = dataset.examples[index.flatten()]
    real = real.permute(0, 2, 3, 1) if real.ndim == 4 else real
    return Neighbours(
        index=index.numpy(),
        distance=distance.numpy(),
        real=real.reshape(*index.shape, *real.shape[1:]).numpy(),
        closer=(torch.searchsorted(space.spacing, distance[:, 0].contiguous()) / len(space.spacing)).numpy(),
        quantiles=space.quantiles,
        space=space.name,
        searched=len(space.real),
    )


class _Space:
    """Where distances are measured, and where the real examples lie in it."""

    def __init__(self, dataset: Dataset) -> None:
        self._classifier: Classifier | None = available_classifier(dataset) if dataset.examples.ndim == 4 else None
        if self._classifier is not None:
            name = self._classifier.info.name
            whose = f"the {name} classifier" if name in DATASETS else "a classifier trained on this data"
            self.name = f"features of {whose}"
        else:
            self.name = "pixels" if dataset.examples.ndim == 4 else "the plane"
        self.real = torch.cat([self.place(part) for part in dataset.examples[:SEARCHED].split(1000)])
        self.spacing = (
            neighbour_distances(self.real[:_SPACED].double(), 1).float().sort().values
        )  # of each to the nearest other one
        at = torch.quantile(self.spacing, torch.tensor(QUANTILES))
        self.quantiles = dict(zip(QUANTILES, at.tolist(), strict=True))

    def place(self, samples: Tensor) -> Tensor:
        """Samples, uint8 or float in [0, 1], or points, -> float32 (n, d)."""
        if self._classifier is not None:
            return self._classifier.classify(samples).features
        flat = samples.flatten(1).float()
        return flat / 255 if samples.dtype == torch.uint8 else flat


_spaces: WeakKeyDictionary[Dataset, _Space] = WeakKeyDictionary()
_guard = Lock()


def _space_for(dataset: Dataset) -> _Space:
    """Found once for as long as the data stay in memory."""
    with _guard:
        if dataset not in _spaces:
            _spaces[dataset] = _Space(dataset)
        return _spaces[dataset]

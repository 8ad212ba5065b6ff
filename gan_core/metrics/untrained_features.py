"""Features of images without labels: those of an untrained network, and statistics of colour, contrast and detail.

Nothing is trained. A network that learns to recognise quarter turns, the usual task for images without labels, learns
nothing from images that look the same after a quarter turn: its features vanish, and every distance becomes 0. Random
weights keep the arrangement of the pixels (Naeem et al., 2020, evaluate with them too), but hardly show a fine grid,
slight noise or slight blur. The statistics show these, also where an image is larger than the network's input.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gan_core.data import Dataset
from gan_core.data.ranges import as_floats
from gan_core.metrics.feature_classifier import ClassifierOutput, check, fingerprint, initial_network, resized

_SIDE = 32  # pixels: larger images are resized to this for the network
_FITTED = 512  # real images that set the scale of the network's layers
_SCALES = 3  # of detail: 1, 2 and 4 pixels
_VISIBLE = 0.05  # brightness: detail and contrast far below it count as none, as a plain ground is never quite plain
_LEAST_SPREAD = 0.1  # of a statistic, so that one that all real images share does not outweigh all others


class UntrainedFeatures:
    """Maps images to features, which are scaled to the images of one data set. Its network knows no classes."""

    def __init__(self, dataset: Dataset) -> None:
        real = dataset.examples[:_FITTED]
        name = "untrained network with colour, contrast and detail"
        self.description = f"{name}, scaled to the data {fingerprint(dataset)}"
        self._side = min(real.shape[-1], _SIDE)
        self._network = initial_network(real.shape[1], 1).requires_grad_(False).train()
        for layer in self._network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None  # the running moments become those of the next batch
        features = self._network.features(resized(as_floats(real), self._side))
        self._network.eval()
        found = statistics(real)
        self._mean, self._spread = found.mean(0), found.std(0, correction=0).clamp(min=_LEAST_SPREAD)
        # Statistics and network have the same total variance, so that neither decides alone which images are alike.
        self._weight = (features.var(0, correction=0).sum() / found.shape[1]).sqrt()

    @torch.no_grad()
    def classify(self, images: Tensor, before_each: Callable[[], None] = lambda: None) -> ClassifierOutput:
        """Features (n, 128 + statistics) and probabilities (n, 1) of the only class, as `Classifier.classify`."""
        check(images)
        features = []
        for part in images.split(250):
            before_each()
            scaled = (statistics(part) - self._mean) / self._spread * self._weight
            features.append(torch.cat((self._network.features(resized(as_floats(part), self._side)), scaled), 1))
        return ClassifierOutput(torch.cat(features), torch.ones(len(images), 1))


def statistics(images: Tensor) -> Tensor:
    """The mean of each channel, and logarithms of contrast, colourfulness and detail: float32 (n, statistics).

    Detail is the difference between the four pixels, or means of squares of pixels, that the Haar wavelet compares:
    along rows, along columns and diagonally, which a checkerboard of single pixels is. The mean of its logarithm shows
    noise on a plain ground, which the sharp edges of a drawing would outweigh in the mean of its square.

    Args:
        images: (n, C, side, side), uint8 or float in [0, 1].
    """
    x = as_floats(images)
    found = [x.mean((2, 3)), _logarithm(x.std((2, 3), correction=0))]
    if x.shape[1] > 1:
        found.append(_logarithm(x.var(1, correction=0).mean((1, 2))[:, None].sqrt()))
    for _ in range(_SCALES):
        even = x.shape[-1] // 2 * 2
        x = x[..., :even, :even]
        a, b, c, d = x[..., ::2, ::2], x[..., ::2, 1::2], x[..., 1::2, ::2], x[..., 1::2, 1::2]
        details = torch.stack((a - b + c - d, a + b - c - d, a - b - c + d), 1) / 4
        found.append(_logarithm(details.abs()).mean((2, 3, 4)))
        x = (a + b + c + d) / 4
    return torch.cat(found, 1)


def _logarithm(brightness: Tensor) -> Tensor:
    return (brightness + _VISIBLE).log()

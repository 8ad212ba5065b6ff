"""A small classifier of a data set: images are judged in its features, and its classes tell what is missing.

An Inception network knows photographs, not digits, so this project's figures are taken in the features of a network
trained on the very data. A figure belongs to its classifier: compare no two that come from different ones.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor, nn

from gan_core.data import Dataset, Progress, store
from gan_core.models import set_rng
from gan_core.models.layers import Dropout
from gan_core.system.random_streams import stream

SHIPPED = Path(__file__).with_name("weights")
FEATURES = 128
RECOGNISES = 0.97  # share of labels that a classifier must get right to judge data it was not trained on
_BATCH, _STEPS, _RATE, _DECAY = 64, 1500, 2e-3, 1.0  # of training
_MOST_SEEN, _MOST_HELD_OUT = 20_000, 1000  # images
_MOST_SIDE = 32  # pixels: larger images are judged at this size, for training at 64 would take five minutes
_TURNS = ("0°", "90°", "180°", "270°")


class Network(nn.Module):
    """Images (N, channels, side, side) in [0, 1] -> features (N, 128) -> logits (N, classes)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_halving(channels, 16),
            *_halving(16, 32),
            nn.AdaptiveAvgPool2d(7),  # changes nothing where the side is 28
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, FEATURES),
            nn.ReLU(),
        )
        self.dropout = Dropout(0.25)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dropout(self.features(x)))


def _halving(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, 5, padding=2, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)


@dataclass(frozen=True)
class ClassifierInfo:
    """What to know of a classifier; the JSON file beside its weights."""

    name: str
    channels: int
    side: int  # pixels
    classes: tuple[str, ...]
    accuracy: float  # share of the held-out images put in the right class
    trained_on: int  # images
    held_out: int  # images
    labelled: bool  # False: the classes are quarter turns, for want of labels
    command: str = ""  # that made the weights
    date: str = ""


@dataclass(frozen=True, eq=False)
class ClassifierOutput:
    """What a classifier sees in n images."""

    features: Tensor  # float32 (n, 128)
    probabilities: Tensor  # float32 (n, classes)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained network and what to know of it."""

    about: ClassifierInfo
    network: Network

    @torch.no_grad()
    def read(self, images: Tensor) -> ClassifierOutput:
        """Features and class probabilities of images: uint8, or float in [0, 1]; (n, C, H, W), of any size.

        Raises:
            ValueError: no images, or numbers that are no pixels.
        """
        check(images)
        features, probabilities = [], []
        for part in images.split(250):  # keeps the largest activation near 100 MB at 64 pixels
            features.append(self.network.features(self._fitted(part)))
            probabilities.append(self.network.head(features[-1]).softmax(1))
        return ClassifierOutput(torch.cat(features), torch.cat(probabilities))

    def accuracy(self, images: Tensor, labels: Tensor) -> float:
        """Share of the images that are put in the class of their label (n,)."""
        return float((self.read(images).probabilities.argmax(1) == labels).float().mean())

    def _fitted(self, images: Tensor) -> Tensor:
        """Images as the network takes them: float in [0, 1], of its channels and side."""
        x = images.float() / 255 if images.dtype == torch.uint8 else images.float()
        if x.shape[1] != self.about.channels:
            x = x.mean(1, keepdim=True).expand(-1, self.about.channels, -1, -1)
        return _resized(x, self.about.side)


def _resized(images: Tensor, side: int) -> Tensor:
    """Images, bytes or floats, at another size."""
    if images.shape[2:] == (side, side):
        return images
    return F.interpolate(images, (side, side), mode="bilinear", antialias=True)


def check(images: Tensor) -> None:
    """Raise `ValueError` unless these are images: uint8, or float in [0, 1]; (n, C, H, W) with n > 0."""
    if images.ndim != 4 or not len(images):
        raise ValueError(f"expected images (n, channels, height, width), got a tensor of shape {tuple(images.shape)}")
    if images.dtype == torch.uint8:
        return
    broken = int((~images.isfinite()).flatten(1).any(1).sum())
    if broken:
        raise ValueError(f"{broken} of {len(images)} images hold NaN or infinity, so they cannot be judged")
    low, high = float(images.min()), float(images.max())
    if low < -1e-3 or high > 1 + 1e-3:
        raise ValueError(f"images must be in [0, 1], got values from {low:.3g} to {high:.3g}")


# ---- which classifier judges a data set ------------------------------------------------------------------------------

_one_at_a_time = Lock()  # two sessions on the same new data must not both train


def classifier_for(dataset: Dataset, progress: Progress | None = None) -> Classifier:
    """The classifier that judges images like those of `dataset`.

    A shipped one, if it has the same classes and recognises this data's labels; else one trained on this data, from the
    data folder after the first time. Data without labels get one that tells by which quarter turn an image was rotated
    (Gidaris et al., 2018).
    """
    with _one_at_a_time:
        found = at_hand(dataset)
        if found is not None:
            return found
        path = _path_of(dataset)
        classifier = train(dataset, path.stem, progress)
        with suppress(OSError):  # a folder that cannot be written only costs time
            save(classifier, path)
        return classifier


def at_hand(dataset: Dataset) -> Classifier | None:
    """The classifier that judges images like those of `dataset`, unless it would have to be trained first."""
    for shipped in _shipped():
        if _recognises(shipped, dataset):
            return shipped
    with suppress(OSError, ValueError, KeyError, RuntimeError, SafetensorError):  # absent or damaged
        return load(_path_of(dataset))
    return None


def _path_of(dataset: Dataset) -> Path:
    return store.folder() / "classifiers" / f"{_fingerprint(dataset)}.safetensors"


@cache
def _shipped() -> tuple[Classifier, ...]:
    return tuple(load(path) for path in sorted(SHIPPED.glob("*.safetensors")))


def _recognises(classifier: Classifier, dataset: Dataset) -> bool:
    if dataset.labels is None or dataset.classes != classifier.about.classes:
        return False
    return classifier.accuracy(dataset.examples[:1000], dataset.labels[:1000]) >= RECOGNISES


def _fingerprint(dataset: Dataset) -> str:
    """A short name for exactly these examples and labels."""
    digest = hashlib.sha256(repr((tuple(dataset.examples.shape), dataset.classes)).encode())
    every = max(1, len(dataset) // 1000)
    digest.update(dataset.examples[::every].contiguous().numpy().tobytes())
    if dataset.labels is not None:
        digest.update(dataset.labels.numpy().tobytes())
    return digest.hexdigest()[:12]


# ---- training --------------------------------------------------------------------------------------------------------


def train(
    dataset: Dataset, name: str, progress: Progress | None = None, command: str = "", date: str = ""
) -> Classifier:
    """Train a classifier on `dataset`: a minute on two CPU cores. Some images are held out to measure it.

    The same data give the same weights, on a given machine and thread count.
    """
    report = progress or (lambda fraction, text: None)
    held_out = max(1, min(_MOST_HELD_OUT, len(dataset) // 5))
    test, seen = _task(dataset, slice(0, held_out)), _task(dataset, slice(held_out, held_out + _MOST_SEEN))
    classes = dataset.classes if dataset.labels is not None else _TURNS

    channels, _, side = seen[0].shape[1:]
    network = _blank(channels, len(classes))
    _initialise(network, stream(0, "classifier weights"))
    set_rng(network, stream(0, "classifier dropout"))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=_DECAY, fused=True)
    jiggle = stream(0, "classifier jiggle")
    for step, picked in enumerate(_batches(len(seen[0]), stream(0, "classifier order"))):
        report(step / _STEPS, "Training the classifier that judges the images")
        optimizer.param_groups[0]["lr"] = _RATE * (1 + math.cos(math.pi * step / _STEPS)) / 2
        images = jiggled(seen[0][picked].float() / 255, jiggle)
        optimizer.zero_grad()
        F.cross_entropy(network(images), seen[1][picked]).backward()
        optimizer.step()
    network.half().float().eval().requires_grad_(False)  # rounded now as in the file, so that both judge alike

    about = ClassifierInfo(name, channels, side, classes, 0.0, len(seen[0]), len(test[0]), dataset.labels is not None)
    accuracy = round(Classifier(about, network).accuracy(*test), 4)
    return Classifier(
        ClassifierInfo(**{**vars(about), "accuracy": accuracy, "command": command, "date": date}), network
    )


def _task(dataset: Dataset, part: slice) -> tuple[Tensor, Tensor]:
    """Images and the classes to put them in: their labels, or else the quarter turns by which they are rotated here."""
    images = _resized(dataset.examples[part], min(dataset.examples.shape[-1], _MOST_SIDE))
    if dataset.labels is not None:
        return images, dataset.labels[part]
    turns = torch.arange(4).repeat_interleave(len(images))
    return torch.cat([images.rot90(k, (2, 3)) for k in range(4)]), turns


def _batches(n: int, generator: Generator) -> Iterator[Tensor]:
    """Indices below n for each step of training, all of them once before any a second time."""
    orders = [torch.randperm(n, generator=generator) for _ in range(math.ceil(_STEPS * _BATCH / n))]
    yield from torch.cat(orders)[: _STEPS * _BATCH].split(_BATCH)


def jiggled(images: Tensor, generator: Generator) -> Tensor:
    """Each image a little turned, resized and moved: by up to 0.1 radians, a tenth, and a fourteenth of its side."""
    angle, size, right, down = torch.rand(4, len(images), generator=generator) * 2 - 1
    cosine, sine = torch.cos(angle / 10) * (1 + size / 10), torch.sin(angle / 10) * (1 + size / 10)
    rows = torch.stack((cosine, -sine, right / 7, sine, cosine, down / 7), dim=1)  # the side is 2 long here
    grid = F.affine_grid(rows.view(-1, 2, 3), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _blank(channels: int, classes: int) -> Network:
    """A network whose weights are yet to be set, made without a draw from torch's global generator."""
    with torch.device("meta"):
        network = Network(channels, classes)
    network.to_empty(device="cpu")
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    return network


@torch.no_grad()
def _initialise(network: Network, generator: Generator) -> None:
    """torch's usual U(-b, b) with b = 1 / sqrt(fan in), drawn from our own generator."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            bound = layer.weight[0].numel() ** -0.5
            for parameter in layer.parameters():
                parameter.uniform_(-bound, bound, generator=generator)


# ---- files -----------------------------------------------------------------------------------------------------------


def save(classifier: Classifier, path: Path) -> None:
    """Write the weights, in half precision, to `path` and what to know of them to a .json file beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: value.half() for name, value in classifier.network.state_dict().items() if value.ndim}
    draft = path.with_suffix(".part")
    save_file(weights, draft)
    about = json.dumps(vars(classifier.about), indent=2, ensure_ascii=False)
    path.with_suffix(".json").write_text(about + "\n", encoding="utf-8")
    draft.replace(path)


def load(path: Path) -> Classifier:
    """The classifier that `save` wrote. Raises `OSError` or `ValueError` where the files are missing or damaged."""
    fields = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    about = ClassifierInfo(**{**fields, "classes": tuple(fields["classes"])})
    network = _blank(about.channels, len(about.classes))
    network.load_state_dict({name: value.float() for name, value in load_file(path).items()}, strict=False)
    return Classifier(about, network.eval().requires_grad_(False))

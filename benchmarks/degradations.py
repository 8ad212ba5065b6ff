"""What the quality metrics of images without labels see: real images, damaged more and more, against other real images.

    python -m benchmarks.degradations --data digits,photographs,symmetric --images 1000

Each cell is the Fréchet distance as a multiple of the distance that undamaged images have, and the coverage.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks import photographs
from gan_core import metrics
from gan_core.config import TrainConfig
from gan_core.data import Dataset, load
from gan_core.system.random_streams import stream

# ---- data ------------------------------------------------------------------------------------------------------------


def digits() -> Tensor:
    """Digits of MNIST: uint8 (5,000, 1, 28, 28)."""
    return load(TrainConfig()).examples


def sprites() -> Tensor:
    """Emoji in colour: uint8 (n, 3, 64, 64)."""
    return load(TrainConfig().with_values({"data.name": "sprites", "data.size": 64, "data.channels": 3})).examples


def parts_of_photographs() -> Tensor:
    """Random parts of the two photographs of scikit-learn: uint8 (2,000, 3, 64, 64)."""
    found = photographs.parts(photographs.of_scikit_learn(), 2000, stream(0, "parts of photographs"))
    pixels = [np.asarray(part.resize((64, 64), Image.Resampling.BILINEAR)) for part in found]
    return torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()


def symmetric() -> Tensor:
    """The means of each part's four quarter turns, so that a turn changes nothing: uint8 (2,000, 3, 64, 64)."""
    images = parts_of_photographs().float()
    return sum((images.rot90(k, (2, 3)) for k in range(4)), torch.zeros(())).div(4).round().byte()


DATA: dict[str, Callable[[], Tensor]] = {
    "digits": digits,
    "sprites": sprites,
    "photographs": parts_of_photographs,
    "symmetric": symmetric,
}

# ---- degradations, of images (n, C, H, W) in [0, 1] ------------------------------------------------------------------


def checkerboard(images: Tensor, strength: float) -> Tensor:
    """Single pixels brighter and darker by `strength`, in turn."""
    side = torch.arange(images.shape[-1])
    return (images + strength * ((side + side[:, None]) % 2 * 2 - 1)).clamp(0, 1)


def noise(images: Tensor, strength: float) -> Tensor:
    return (images + strength * torch.randn(images.shape, generator=stream(0, "noise"))).clamp(0, 1)


def wash(images: Tensor, strength: float) -> Tensor:
    """Closer to medium grey by this share."""
    return images + strength * (0.5 - images)


def blur(images: Tensor, strength: float) -> Tensor:
    """The mean with the blur of 5 x 5 pixels, with this share."""
    blurred = F.avg_pool2d(F.pad(images, (2, 2, 2, 2), mode="replicate"), 5, 1)
    return images + strength * (blurred - images)


def repeat(images: Tensor, strength: float) -> Tensor:
    """Only 1 image in `strength`, each repeated."""
    kept = max(1, round(len(images) / strength))
    return images[torch.arange(len(images)) % kept]


def jumble(images: Tensor, strength: float) -> Tensor:
    """This share of the images cut into four quarters, which change places."""
    half, n = images.shape[-1] // 2, round(strength * len(images))
    return torch.cat((images[:n].roll((half, 0), (2, 3)).roll((0, half), (2, 3)), images[n:]))


DEGRADATIONS: dict[str, tuple[Callable[[Tensor, float], Tensor], tuple[float, ...]]] = {
    "checkerboard": (checkerboard, (0.02, 0.05, 0.1)),
    "noise": (noise, (0.02, 0.05, 0.1)),
    "grey wash": (wash, (0.1, 0.25, 0.5)),
    "blur": (blur, (0.25, 0.5, 1.0)),
    "repeated": (repeat, (5, 20, 100)),
    "jumbled": (jumble, (0.1, 0.3, 1.0)),
}


def split(images: Tensor, n: int) -> tuple[Dataset, Tensor]:
    """A data set of n images without labels, and n others in [0, 1]."""
    order = torch.randperm(len(images), generator=stream(0, "split"))[: 2 * n]
    return Dataset(images[order[:n]], None, (), ""), images[order[n:]].float() / 255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=",".join(DATA), metavar="NAME,...")
    parser.add_argument("--images", type=int, default=1000, help="of each half")
    options = parser.parse_args()
    for name in options.data.split(","):
        dataset, others = split(DATA[name](), options.images)
        real = metrics.evaluate(others, dataset)
        print(f"{name}: {real.extractor}; undamaged {real.frechet:.3g}, coverage {real.coverage:.2f}", flush=True)
        for what, (degrade, strengths) in DEGRADATIONS.items():
            found = [metrics.evaluate(degrade(others, strength), dataset) for strength in strengths]
            cells = (f"{each.frechet / max(real.frechet, 1e-9):.1f} ({each.coverage:.2f})" for each in found)
            print(f"| {name} | {what} {', '.join(map(str, strengths))} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

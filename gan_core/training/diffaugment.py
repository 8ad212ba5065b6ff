"""DiffAugment (Zhao et al., 2020), "Differentiable Augmentation for Data-Efficient GAN Training".

Everything D sees, real and fake, in its own step and in G's, is changed at random, by changes that a gradient passes
through. So D cannot learn a small data set by heart, and G is not taught to make the changes. Each function takes
images (N, C, H, W), how much of the change, and where chance comes from; each image gets a change of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_core.config import AugmentConfig

Change = Callable[[Tensor, float, torch.Generator], Tensor]


def augment(x: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """`x` with every change that `config` asks for, in the paper's order; points and zeros leave `x` as it is."""
    for name, change in CHANGES.items():
        amount = getattr(config, name)
        if amount and x.ndim == 4:
            x = change(x, amount, generator)
    return x


def color(x: Tensor, amount: float, generator: torch.Generator) -> Tensor:
    """Brightness by +-0.5, saturation by a factor of 0 to 2, contrast by one of 0.5 to 1.5, each times `amount`."""
    brightness, saturation, contrast = (_uniform(x, generator, each) for each in (0.5, 1.0, 0.5))
    x = x + amount * brightness
    grey = x.mean(dim=1, keepdim=True)
    x = grey + (x - grey) * (1 + amount * saturation)
    middle = x.mean(dim=(1, 2, 3), keepdim=True)
    return middle + (x - middle) * (1 + amount * contrast)


def translation(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A shift of up to `share` of the side each way, in whole pixels; what comes in from outside is 0."""
    n, _, height, width = x.shape
    furthest = round(share * height), round(share * width)
    moves = [_whole(n, -reach, reach, x.device, generator) for reach in furthest]
    rows, columns = (
        (torch.arange(side, device=x.device) + move[:, None] + 1).clamp(0, side + 1)  # 0 and side + 1 are the padding
        for side, move in zip((height, width), moves, strict=True)
    )
    padded = F.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1)  # (N, H + 2, W + 2, C)
    index = torch.arange(n, device=x.device)[:, None, None]
    return padded[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(x: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """A square of `share` of the side, with its middle anywhere, becomes 0; what lies outside the picture is lost."""
    n, _, height, width = x.shape
    kept = torch.ones(n, height, width, dtype=torch.bool, device=x.device)
    inside = []
    for side in (height, width):
        size = max(1, round(share * side))
        first = _whole(n, 0, side - size % 2, x.device, generator)[:, None] - size // 2
        place = torch.arange(side, device=x.device)
        inside.append((first <= place) & (place < first + size))
    kept &= ~(inside[0][:, :, None] & inside[1][:, None, :])
    return x * kept[:, None]


CHANGES: dict[str, Change] = {"color": color, "translation": translation, "cutout": cutout}  # by setting of `augment`


def _uniform(x: Tensor, generator: torch.Generator, reach: float) -> Tensor:
    """A number in [-reach, reach] for each image: (N, 1, 1, 1)."""
    return torch.empty(len(x), 1, 1, 1, dtype=x.dtype, device=x.device).uniform_(-reach, reach, generator=generator)


def _whole(n: int, low: int, high: int, device: torch.device, generator: torch.Generator) -> Tensor:
    return torch.randint(low, high + 1, (n,), device=device, generator=generator)

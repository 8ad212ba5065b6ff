"""DiffAugment (Zhao et al., 2020), "Differentiable Augmentation for Data-Efficient GAN Training".

Differentiable functions change every input of D at random, real or fake, in the steps of D and of G. So D cannot
memorise a small data set, and G does not learn to imitate the changes. Each function takes images (N, C, H, W), an
amount and a random generator, and changes each image differently.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_core.config import AugmentConfig

Change = Callable[[Tensor, float, torch.Generator], Tensor]


def augment(x: Tensor, config: AugmentConfig, rng: torch.Generator) -> Tensor:
    """`x` after the changes of `config`, in the paper's order. Points (N, 2) are returned unchanged."""
    for name, change in CHANGES.items():
        amount = getattr(config, name)
        if amount and x.ndim == 4:
            x = change(x, amount, rng)
    return x


def color(x: Tensor, amount: float, rng: torch.Generator) -> Tensor:
    """Brightness +-0.5, saturation times 0 to 2, contrast times 0.5 to 1.5; `amount` scales each range."""
    brightness, saturation, contrast = (_uniform(x, rng, each) for each in (0.5, 1.0, 0.5))
    x = x + amount * brightness
    grey = x.mean(dim=1, keepdim=True)
    x = grey + (x - grey) * (1 + amount * saturation)
    middle = x.mean(dim=(1, 2, 3), keepdim=True)
    return middle + (x - middle) * (1 + amount * contrast)


def translation(x: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """A shift by whole pixels, up to `share` of the side in each direction, with zeros from outside."""
    n, _, height, width = x.shape
    limits = round(share * height), round(share * width)
    shifts = [_integers(n, -limit, limit, x.device, rng) for limit in limits]
    rows, columns = (
        (torch.arange(side, device=x.device) + shift[:, None] + 1).clamp(0, side + 1)  # 0 and side + 1 are the padding
        for side, shift in zip((height, width), shifts, strict=True)
    )
    padded = F.pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1)  # (N, H + 2, W + 2, C)
    index = torch.arange(n, device=x.device)[:, None, None]
    return padded[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(x: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """A square of `share` of the side becomes 0. Its centre is anywhere in the image, so a part may lie outside."""
    n, _, height, width = x.shape
    inside = []
    for side in (height, width):
        size = max(1, round(share * side))
        first = _integers(n, 0, side - size % 2, x.device, rng)[:, None] - size // 2
        pixel = torch.arange(side, device=x.device)
        inside.append((first <= pixel) & (pixel < first + size))
    visible = ~(inside[0][:, :, None] & inside[1][:, None, :])  # (N, H, W)
    return x * visible[:, None]


CHANGES: dict[str, Change] = {"color": color, "translation": translation, "cutout": cutout}  # by setting of `augment`


def _uniform(x: Tensor, rng: torch.Generator, limit: float) -> Tensor:
    """A number in [-limit, limit] for each image: (N, 1, 1, 1)."""
    return torch.empty(len(x), 1, 1, 1, dtype=x.dtype, device=x.device).uniform_(-limit, limit, generator=rng)


def _integers(n: int, low: int, high: int, device: torch.device, rng: torch.Generator) -> Tensor:
    return torch.randint(low, high + 1, (n,), device=device, generator=rng)

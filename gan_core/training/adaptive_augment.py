"""Adaptive discriminator augmentation (ADA): Karras et al. (2020), "Training GANs with Limited Data".

Differentiable functions change D's inputs, real and fake, as in `diffaugment`, but each only with a probability p.
While p is below 1, unchanged images stay the most frequent, so G does not learn to imitate the changes. p rises while D
ranks real samples above fakes too well, and falls otherwise.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_core.config import TrainConfig

IMAGES = 100_000  # real images in which p can rise from 0 to 1; the paper uses 500,000, and 100,000 for few images


class Strength:
    """p, the probability of each change, on the training device.

    The paper steers p by r_t = E[sign(D(x))]: how many more real samples lie above D's threshold 0 than below it. A
    relativistic D and a critic have no threshold, so every loss uses E[sign(D(x) - D(G(z)))]: how many more pairs of
    the batch D ranks right than wrong. It is 0 if D guesses and 1 if D ranks every pair right.
    """

    def __init__(self, device: torch.device) -> None:
        self.p = torch.zeros((), device=device)

    def under(self, config: TrainConfig) -> Tensor | None:
        """p, (); None if `config` has no adaptive augmentation, or points instead of images."""
        return self.p if config.augment.adaptive and config.dataset.kind == "images" else None

    def update(self, ranking: Tensor | None, target: float, images: int) -> None:
        """After a step of D on so many real images: move p up if `ranking` exceeds the target, otherwise down."""
        if ranking is not None:
            self.p = (self.p + (ranking - target).sign() * (images / IMAGES)).clamp(0, 1)

    def state_dict(self) -> dict[str, Any]:
        return {"p": self.p}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with a saved p; older checkpoints have none."""
        self.p = torch.full_like(self.p, min(1.0, max(0.0, float(state.get("p", 0)))))


def ranking(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The share of pairs that D ranks right minus the share that it ranks wrong, (), from detached logits (N,)."""
    return (real_logits - fake_logits).detach().sign().mean()


def augment(x: Tensor, p: Tensor, rng: torch.Generator) -> Tensor:
    """Images (N, C, H, W) after the changes of Karras et al. (2020), each with probability p ().

    The changes are a shift by whole pixels, a zoom, a turn, a shift, then brightness, contrast and saturation. Left out
    are mirroring and quarter turns, which change what a picture shows, stretching, and turns of the hue.
    """
    n, _, height, width = x.shape
    options: dict[str, Any] = {"dtype": x.dtype, "device": x.device}
    applies = (torch.rand(7, n, 1, 1, generator=rng, **options) < p).to(x.dtype)
    right, down, turn = torch.rand(3, n, 1, 1, generator=rng, **options) * 2 - 1
    zoom, more_right, more_down, brightness, contrast, saturation = torch.randn(6, n, 1, 1, generator=rng, **options)

    # Coordinates go from -1 to 1 over the image. Each pixel of the result reads the image at (column, row).
    column = centers(width, x) + shift(right, width) * applies[0] + 0.25 * more_right * applies[1]
    row = centers(height, x)[:, None] + shift(down, height) * applies[0] + 0.25 * more_down * applies[1]
    angle, scale = math.pi * turn * applies[2], torch.exp2(0.2 * zoom * applies[3])
    cos, sin = angle.cos() * scale, angle.sin() * scale
    x = sample(x, torch.stack((cos * column - sin * row, sin * column + cos * row), dim=-1))

    x = (x + (0.2 * brightness * applies[4])[:, None]) * torch.exp2(0.5 * contrast * applies[5])[:, None]
    grey = x.mean(dim=1, keepdim=True)
    return grey + (x - grey) * torch.exp2(saturation * applies[6])[:, None]


def sample(x: Tensor, grid: Tensor) -> Tensor:
    """Images x (N, C, H, W) at the coordinates (x, y) of the grid (N, H, W, 2), bilinear, reflected at the edges."""
    if not (x.is_cuda and torch.are_deterministic_algorithms_enabled()):
        return F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    return gathered(x, grid)


def gathered(x: Tensor, grid: Tensor) -> Tensor:
    """The same as `sample` up to rounding. On CUDA its gradient, unlike that of `grid_sample`, is deterministic."""
    n, channels, height, width = x.shape
    (left, to_right), (top, to_bottom) = _corner(grid[..., 0], width), _corner(grid[..., 1], height)

    def pixels(row: Tensor, column: Tensor) -> Tensor:
        index = (row.clamp(0, height - 1) * width + column.clamp(0, width - 1)).view(n, 1, -1)
        return x.flatten(2).gather(2, index.expand(n, channels, -1)).view_as(x)

    upper = pixels(top, left).lerp(pixels(top, left + 1), to_right)
    lower = pixels(top + 1, left).lerp(pixels(top + 1, left + 1), to_right)
    return upper.lerp(lower, to_bottom)


def _corner(coordinate: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """The pixel before each coordinate, (N, H, W), and the coordinate's distance from it, (N, 1, H, W) in [0, 1]."""
    unfolded = ((coordinate + 1) * side / 2).remainder(2 * side)
    position = torch.minimum(unfolded, 2 * side - unfolded) - 0.5
    first = position.clamp(0, side - 1).floor()
    return first.long(), (position.clamp(0, side - 1) - first)[:, None]


def centers(side: int, x: Tensor) -> Tensor:
    """The coordinates of the centres of the pixels of a side, (side,)."""
    return (2 * torch.arange(side, dtype=x.dtype, device=x.device) + 1) / side - 1


def shift(direction: Tensor, side: int) -> Tensor:
    """A shift by whole pixels, up to an eighth of the side, for directions in [-1, 1]; in coordinates."""
    return (direction * side / 8).round() * 2 / side

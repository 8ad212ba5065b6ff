"""TransGAN (Jiang, Chang and Wang, 2021), "TransGAN: Two Pure Transformers Can Make One Strong GAN", made small.

G: each pixel of a small picture is a token, and the picture grows by trading a token's numbers for pixels. Above 16
pixels a side, tokens attend to their own grid only (section 3.3). D: each patch of the picture is a token; the paper
cuts patches of several sizes, here they have one, of 2**depth pixels a side. A token of G's whole picture has `width`
numbers, twice as many with each halving; D's have as many as G's on a picture of as many tokens.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_core.config import TrainConfig
from gan_core.models.layers import OUTPUTS, SelfInitializedLayer, linear

HEADS = 4  # at most
NARROWEST = 16  # numbers of a token that make a head
EXPANSION = 2  # how much wider than a token the hidden layer of a block is
GRID = 16  # largest side within which all pixels attend to all others


def generator(config: TrainConfig) -> nn.Sequential:
    """(N, generator_inputs) -> tokens (N, small, small, C * 2**depth) -> ... -> images (N, channels, side, side)."""
    net = config.generator
    picture, _, side = config.shape
    sides = [side >> k for k in range(net.depth, -1, -1)]  # 7, 14, 28
    widths = [net.width << k for k in range(net.depth, -1, -1)]  # 128, 64, 32
    stages: list[nn.Module] = [Stage(sides[0], widths[0], net.blocks, net.init_std)]
    for (inputs, outputs), to in zip(pairwise(widths), sides[1:], strict=True):
        stages += [Growth(inputs, outputs, to), Stage(to, outputs, net.blocks, net.init_std)]
    return nn.Sequential(
        linear(config.generator_inputs, widths[0] * sides[0] ** 2, bias=True),
        nn.Unflatten(1, (sides[0], sides[0], widths[0])),
        *stages,
        nn.LayerNorm(widths[-1], device="meta"),
        linear(widths[-1], picture, bias=True),
        ChannelsFirst(),
        OUTPUTS[net.output](),
    )


def discriminator(config: TrainConfig) -> nn.Sequential:
    """Images (N, *discriminator_input_shape) -> tokens (N, 1 + patches, C * 2**depth) -> the first, features (N, F)."""
    net = config.discriminator
    channels, _, side = config.discriminator_input_shape
    patch, width = 1 << net.depth, net.width << net.depth
    across = math.ceil(side / patch)
    beyond = across * patch - side
    return nn.Sequential(
        nn.ZeroPad2d((0, beyond, 0, beyond)),  # so that D sees the border of a picture that no whole patches cover
        nn.Conv2d(channels, width, patch, patch, device="meta"),
        nn.Flatten(2),
        Tokens(across**2, width, net.init_std),
        *(Block(width, fused=False) for _ in range(net.blocks * net.depth)),
        nn.LayerNorm(width, device="meta"),
        First(),
    )


class Block(nn.Module):
    """Tokens (N, T, C) -> (N, T, C): attention, then a hidden layer, each added to what it is given.

    Vaswani et al. (2017) with the normalisation ahead of both; `fused` as in `Attention`.
    """

    def __init__(self, width: int, fused: bool) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(width, device="meta"), Attention(width, fused))
        self.hidden = nn.Sequential(
            nn.LayerNorm(width, device="meta"),
            linear(width, EXPANSION * width, bias=True),
            nn.GELU(),
            linear(EXPANSION * width, width, bias=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(x)
        moved: Tensor = x + self.hidden(x)
        return moved


class Attention(nn.Module):
    """Vaswani et al. (2017), equation 1, in four heads: fewer where that leaves a head less than 16 numbers.

        softmax(Q K^T / sqrt(d)) V,   d the numbers of a token in one head

    The fused kernel never holds the T x T weights, but has no gradient of its gradient, which penalties on D need.
    """

    def __init__(self, width: int, fused: bool) -> None:
        super().__init__()
        self.heads, self.fused = math.gcd(HEADS, width, max(1, width // NARROWEST)), fused
        self.project, self.merge = linear(width, 3 * width, bias=True), linear(width, width, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.project(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # each (N, heads, T, d)
        if self.fused:
            seen = F.scaled_dot_product_attention(q, k, v)
        else:
            seen = (q @ k.transpose(2, 3) / math.sqrt(q.shape[3])).softmax(dim=3).to(v.dtype) @ v
        merged: Tensor = self.merge(seen.transpose(1, 2).flatten(2))
        return merged


class Stage(SelfInitializedLayer):
    """Tokens of a picture (N, side, side, C) -> the same: each learns where it is, then blocks of transformers."""

    def __init__(self, side: int, width: int, blocks: int, std: float) -> None:
        super().__init__()
        self.std = std
        self.grids = next(n for n in range(1, side + 1) if side % n == 0 and side // n <= GRID)  # a side
        self.places = nn.Parameter(torch.empty(side, side, width, device="meta"))
        self.blocks = nn.Sequential(*(Block(width, fused=True) for _ in range(blocks)))

    def initialize(self, rng: torch.Generator) -> None:
        self.places.normal_(0, self.std, generator=rng)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.places
        n, side, _, width = x.shape
        g, s = self.grids, side // self.grids
        x = x.view(n, g, s, g, s, width).transpose(2, 3).reshape(n * g * g, s * s, width)
        x = self.blocks(x)
        return x.view(n, g, g, s, s, width).transpose(2, 3).reshape(n, side, side, width)


class Growth(nn.Module):
    """Tokens (N, side, side, inputs) -> (N, to, to, outputs): one becomes four (Shi et al., 2016).

    An odd side to grow to repeats one row and one column.
    """

    def __init__(self, inputs: int, outputs: int, to: int) -> None:
        super().__init__()
        self.widen, self.side = linear(inputs, 4 * outputs, bias=True), to

    def forward(self, x: Tensor) -> Tensor:
        grown = F.pixel_shuffle(self.widen(x).permute(0, 3, 1, 2), 2)
        return F.interpolate(grown, size=self.side).permute(0, 2, 3, 1)


class Tokens(SelfInitializedLayer):
    """Patches (N, C, T) -> tokens (N, 1 + T, C): one for the whole picture comes first, and each learns where it is."""

    def __init__(self, patches: int, width: int, std: float) -> None:
        super().__init__()
        self.std = std
        self.whole = nn.Parameter(torch.empty(1, width, device="meta"))
        self.places = nn.Parameter(torch.empty(patches, width, device="meta"))

    def initialize(self, rng: torch.Generator) -> None:
        self.whole.normal_(0, self.std, generator=rng)
        self.places.normal_(0, self.std, generator=rng)

    def forward(self, patches: Tensor) -> Tensor:
        placed = patches.transpose(1, 2) + self.places
        return torch.cat((self.whole.to(placed.dtype).expand(len(placed), 1, -1), placed), dim=1)


class First(nn.Module):
    """(N, T, C) -> (N, C): the first token."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0]


class ChannelsFirst(nn.Module):
    """(N, side, side, C) -> (N, C, side, side), in the order of memory that convolutions expect."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 3, 1, 2).contiguous()

"""A small TransGAN (Jiang, Chang and Wang, 2021), "TransGAN: Two Pure Transformers Can Make One Strong GAN".

G: each pixel is a token, and pixel shuffle turns features into pixels to upsample. Above 16 pixels per side, tokens
attend only within their grid cell (section 3.3). D: each patch is a token. The paper uses patches of several sizes;
here all have 2**depth pixels per side. Tokens at full resolution have `width` features, and each halving doubles them.
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
MIN_HEAD_WIDTH = 16
EXPANSION = 2  # width of a block's hidden layer, relative to a token
GRID = 16  # largest side with attention over all pixels


def generator(config: TrainConfig) -> nn.Sequential:
    """(N, generator_inputs) -> tokens (N, small, small, C * 2**depth) -> ... -> images (N, channels, side, side)."""
    net = config.generator
    image_channels, _, side = config.shape
    sides = [side >> k for k in range(net.depth, -1, -1)]  # 7, 14, 28
    widths = [net.width << k for k in range(net.depth, -1, -1)]  # 128, 64, 32
    stages: list[nn.Module] = [TransformerStage(sides[0], widths[0], net.blocks, net.init_std)]
    for (inputs, outputs), to in zip(pairwise(widths), sides[1:], strict=True):
        stages += [PixelShuffleUp(inputs, outputs, to), TransformerStage(to, outputs, net.blocks, net.init_std)]
    return nn.Sequential(
        linear(config.generator_inputs, widths[0] * sides[0] ** 2, bias=True),
        nn.Unflatten(1, (sides[0], sides[0], widths[0])),
        *stages,
        nn.LayerNorm(widths[-1], device="meta"),
        linear(widths[-1], image_channels, bias=True),
        ChannelsFirst(),
        OUTPUTS[net.output](),
    )


def discriminator(config: TrainConfig) -> nn.Sequential:
    """Images (N, *discriminator_input_shape) -> tokens (N, 1 + patches, C * 2**depth) -> the first, features (N, F)."""
    net = config.discriminator
    channels, _, side = config.discriminator_input_shape
    patch, width = 1 << net.depth, net.width << net.depth
    across = math.ceil(side / patch)
    padding = across * patch - side
    return nn.Sequential(
        nn.ZeroPad2d((0, padding, 0, padding)),  # to a whole number of patches
        nn.Conv2d(channels, width, patch, patch, device="meta"),
        nn.Flatten(2),
        PatchTokens(across**2, width, net.init_std),
        *(Block(width, fused=False) for _ in range(net.blocks * net.depth)),
        nn.LayerNorm(width, device="meta"),
        FirstToken(),
    )


class Block(nn.Module):
    """Tokens (N, T, C) -> (N, T, C): attention, then a hidden layer, both residual.

    Vaswani et al. (2017) with the normalization before both; `fused` as in `Attention`.
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
        return x + self.hidden(x)


class Attention(nn.Module):
    """Vaswani et al. (2017), equation 1, with four heads, or fewer so that a head has at least 16 features.

        softmax(Q K^T / sqrt(d)) V,   d the features per head

    The fused kernel never stores the T x T weights, but has no second derivative, which gradient penalties on D need.
    """

    def __init__(self, width: int, fused: bool) -> None:
        super().__init__()
        self.heads, self.fused = math.gcd(HEADS, width, max(1, width // MIN_HEAD_WIDTH)), fused
        self.project, self.merge = linear(width, 3 * width, bias=True), linear(width, width, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.project(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # each (N, heads, T, d)
        if self.fused:
            attended = F.scaled_dot_product_attention(q, k, v)
        else:
            attended = (q @ k.transpose(2, 3) / math.sqrt(q.shape[3])).softmax(dim=3).to(v.dtype) @ v
        return self.merge(attended.transpose(1, 2).flatten(2))


class TransformerStage(SelfInitializedLayer):
    """Tokens of an image (N, side, side, C) -> the same shape: learned positions, then transformer blocks."""

    def __init__(self, side: int, width: int, blocks: int, std: float) -> None:
        super().__init__()
        self.std = std
        self.grids = next(n for n in range(1, side + 1) if side % n == 0 and side // n <= GRID)  # per side
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


class PixelShuffleUp(nn.Module):
    """Tokens (N, side, side, inputs) -> (N, to, to, outputs) by pixel shuffle (Shi et al., 2016).

    If `to` is odd, one row and one column are repeated.
    """

    def __init__(self, inputs: int, outputs: int, to: int) -> None:
        super().__init__()
        self.widen, self.side = linear(inputs, 4 * outputs, bias=True), to

    def forward(self, x: Tensor) -> Tensor:
        grown = F.pixel_shuffle(self.widen(x).permute(0, 3, 1, 2), 2)
        return F.interpolate(grown, size=self.side).permute(0, 2, 3, 1)


class PatchTokens(SelfInitializedLayer):
    """Patches (N, C, T) -> tokens (N, 1 + T, C): a learned token for the whole image, then patches with positions."""

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


class FirstToken(nn.Module):
    """(N, T, C) -> (N, C): the first token."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, 0]


class ChannelsFirst(nn.Module):
    """(N, side, side, C) -> (N, C, side, side), contiguous."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 3, 1, 2).contiguous()

"""Pixel ranges: bytes in a data set, [-1, 1] or [0, 1] in the networks, and [0, 1] in all results."""

from __future__ import annotations

import torch
from torch import Tensor


def to_model(examples: Tensor, output: str) -> Tensor:
    """uint8 images as floats in the range of G's `output` activation; points unchanged."""
    if examples.dtype != torch.uint8:
        return examples
    examples = examples.to(torch.get_default_dtype())
    return examples.div_(127.5).sub_(1) if output == "tanh" else examples.div_(255)  # [-1, 1] or [0, 1]


def as_floats(examples: Tensor) -> Tensor:
    """uint8 images as float32 in [0, 1]; floats, which are in that range or are points, as float32."""
    return examples.float() / 255 if examples.dtype == torch.uint8 else examples.float()


def to_unit(samples: Tensor, output: str) -> Tensor:
    """Generated images (N, C, H, W) as floats in [0, 1]; points (N, 2) unchanged."""
    if samples.ndim == 2:
        return samples.float()
    samples = samples.float()
    return ((samples + 1) / 2 if output == "tanh" else samples).clamp(0, 1)


def to_bytes(samples: Tensor) -> Tensor:
    """Images (N, C, H, W) in [0, 1] as uint8 (N, H, W, C)."""
    return samples.mul(255).round().byte().permute(0, 2, 3, 1).contiguous()

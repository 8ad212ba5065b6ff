"""Random tensors that are the same in every call."""

from __future__ import annotations

import torch
from torch import Tensor


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_images(n: int, *shape: int, seed: int = 0) -> Tensor:
    """Normal values, float64 (n, *shape)."""
    return torch.randn(n, *shape, dtype=torch.float64, generator=rng(seed))

"""Which classes a generator makes, by a classifier's predictions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

MISSING = 0.1  # of its expected share: a class with less counts as missing, because a classifier errs sometimes


def counts(probabilities: Tensor) -> Tensor:
    """Images per class, each image in its most probable class: int64 (classes,)."""
    return torch.bincount(probabilities.argmax(1), minlength=probabilities.shape[1])


def divergences(probabilities: Tensor, weights: Tensor, shares: Tensor) -> Tensor:
    """`divergence` of n images' class probabilities for each row of weights (R, n): float64 (R,)."""
    classes = F.one_hot(probabilities.argmax(1), probabilities.shape[1]).double()
    return divergence(weights @ classes, shares)


def divergence(counts: Tensor, shares: Tensor) -> Tensor:
    """KL(generated || expected) in nats, from class counts (..., K) and expected `shares` (K,), which sum to 1.

    0 if they agree; ln K if the generator makes only one of K equally frequent classes.
    """
    generated = counts / counts.sum(-1, keepdim=True)
    expected = shares.double().clamp(min=1e-6)  # finite for a class that the data lack
    return torch.special.xlogy(generated, generated / expected).sum(-1).clamp(min=0)


def missing(counts: Tensor, shares: Tensor) -> list[int]:
    """Classes with less than a tenth of their expected share."""
    return torch.nonzero(counts.double() / counts.sum() < MISSING * shares).flatten().tolist()

"""Which classes a generator makes, as its judge sees them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

MISSING = 0.1  # of its fair share: a class with less counts as missing, since a judge errs now and then


def counts(probabilities: Tensor) -> Tensor:
    """Images in each class, each image in its likeliest one: int64 (classes,)."""
    return torch.bincount(probabilities.argmax(1), minlength=probabilities.shape[1])


def divergence(counts: Tensor, shares: Tensor) -> float:
    """KL(made || wanted) in nats between class counts and wanted `shares`, which sum to 1.

    0 where they agree; ln K where one of K equally wanted classes is all that is made.
    """
    return float(_divergence(counts.double(), shares))


def divergences(probabilities: Tensor, weights: Tensor, shares: Tensor) -> Tensor:
    """The same for images that count by weights (R, n): float64 (R,)."""
    kinds = F.one_hot(probabilities.argmax(1), probabilities.shape[1]).double()
    return _divergence(weights @ kinds, shares)


def _divergence(counts: Tensor, shares: Tensor) -> Tensor:
    made = counts / counts.sum(-1, keepdim=True)
    wanted = shares.double().clamp(min=1e-6)  # finite for a class the data lack
    return torch.special.xlogy(made, made / wanted).sum(-1).clamp(min=0)


def missing(counts: Tensor, shares: Tensor) -> list[int]:
    """Classes with less than a tenth of their wanted share."""
    return torch.nonzero(counts.double() / counts.sum() < MISSING * shares).flatten().tolist()

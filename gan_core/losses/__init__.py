"""Adversarial losses and penalties, as in their papers."""

from gan_core.losses.adversarial import (
    CrossEntropy,
    Hinge,
    LeastSquares,
    Loss,
    LossSensitive,
    NonSaturating,
    Relativistic,
    Saturating,
    Separable,
    Wasserstein,
    get,
)

__all__ = [
    "CrossEntropy",
    "Hinge",
    "LeastSquares",
    "Loss",
    "LossSensitive",
    "NonSaturating",
    "Relativistic",
    "Saturating",
    "Separable",
    "Wasserstein",
    "get",
]

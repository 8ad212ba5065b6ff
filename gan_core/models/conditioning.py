"""How D is told the class of a sample. G is told in one way: the class's vector stands behind z (models/network.py).

A condition may change what D's layers see, and what its logits come to. To add one, write its class and its line in
the catalogue.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gan_core.config import TrainConfig
from gan_core.models.layers import linear


class Unconditional(nn.Module):
    """D is not told; the base of all others.

    Args:
        features: how many features D's head sees.
    """

    def __init__(self, config: TrainConfig, features: int) -> None:
        super().__init__()

    def condition_input(self, x: Tensor, y: Tensor | None) -> Tensor:
        """What D's layers see of samples x (N, *shape) of classes y (N,): (N, *config.discriminator_input_shape)."""
        return x

    def condition_logits(self, logits: Tensor, features: Tensor, y: Tensor | None) -> Tensor:
        """The logits (N,), from those of the head (N,) and its features (N, F)."""
        return logits


class Concatenation(Unconditional):
    """Mirza and Osindero (2014), "Conditional Generative Adversarial Nets": the class is one more input of D.

    The class's vector is mapped to one more channel of the picture, or for points to one more number.
    """

    def __init__(self, config: TrainConfig, features: int) -> None:
        super().__init__(config, features)
        self.embedding = nn.Embedding(len(config.classes), config.condition.dim, device="meta")
        self.spread = linear(config.condition.dim, math.prod(config.shape[1:]), bias=True)

    def condition_input(self, x: Tensor, y: Tensor | None) -> Tensor:
        beside = self.spread(self.embedding(require_classes(y))).view(len(x), 1, *x.shape[2:])
        return torch.cat((x, beside.to(x.dtype)), dim=1)


class Projection(Unconditional):
    """Miyato and Koyama (2018), "cGANs with Projection Discriminator", equation 3.

    D(x, y) = v_y . phi(x) + psi(phi(x)),   phi the features, psi the head, v_y a vector of the class
    """

    def __init__(self, config: TrainConfig, features: int) -> None:
        super().__init__(config, features)
        self.vectors = linear(features, len(config.classes), bias=False)  # a row of weights is the vector of a class

    def condition_logits(self, logits: Tensor, features: Tensor, y: Tensor | None) -> Tensor:
        return logits + self.vectors(features).gather(1, require_classes(y)[:, None]).squeeze(1)


def require_classes(y: Tensor | None) -> Tensor:
    """The classes, which a conditional network cannot do without. Raises `ValueError` where there are none."""
    if y is None:
        raise ValueError("this network is conditional: give it the class of each sample, y (N,)")
    return y

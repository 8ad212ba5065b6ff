"""How D uses the class of a sample. G always gets the class embedding, concatenated with z (see `network`).

A condition may change the input of D's layers and D's logits. To add one, write its class and its line in the
catalogue.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gan_core.config import TrainConfig
from gan_core.models.layers import linear


class Unconditional(nn.Module):
    """D ignores the class; the base class of all conditions.

    Args:
        features: number of features that D's head takes.
    """

    def __init__(self, config: TrainConfig, features: int) -> None:
        super().__init__()

    def condition_input(self, x: Tensor, y: Tensor | None) -> Tensor:
        """D's layers' input (N, *config.discriminator_input_shape) for samples x (N, *shape) of classes y (N,)."""
        return x

    def condition_logits(self, logits: Tensor, features: Tensor, y: Tensor | None) -> Tensor:
        """The logits (N,), from the head's logits (N,) and its input features (N, F)."""
        return logits


class Concatenation(Unconditional):
    """Mirza and Osindero (2014), "Conditional Generative Adversarial Nets": the class is an extra input of D.

    The class embedding is mapped to an extra image channel, or for points to an extra coordinate.
    """

    def __init__(self, config: TrainConfig, features: int) -> None:
        super().__init__(config, features)
        self.embedding = nn.Embedding(len(config.classes), config.condition.dim, device="meta")
        self.spread = linear(config.condition.dim, math.prod(config.shape[1:]), bias=True)

    def condition_input(self, x: Tensor, y: Tensor | None) -> Tensor:
        channel = self.spread(self.embedding(require_classes(y))).view(len(x), 1, *x.shape[2:])
        return torch.cat((x, channel.to(x.dtype)), dim=1)


class Projection(Unconditional):
    """Miyato and Koyama (2018), "cGANs with Projection Discriminator", equation 3.

    D(x, y) = v_y . phi(x) + psi(phi(x)),   phi the features, psi the head, v_y an embedding of class y
    """

    def __init__(self, config: TrainConfig, features: int) -> None:
        super().__init__(config, features)
        self.vectors = linear(features, len(config.classes), bias=False)  # row y of the weights is v_y

    def condition_logits(self, logits: Tensor, features: Tensor, y: Tensor | None) -> Tensor:
        return logits + self.vectors(features).gather(1, require_classes(y)[:, None]).squeeze(1)


def require_classes(y: Tensor | None) -> Tensor:
    """The classes. Raises `ValueError` if they are missing."""
    if y is None:
        raise ValueError("this network is conditional: pass the class of each sample, y (N,)")
    return y

"""Batch layers: between D's last features and its head, they compare the samples of a batch to expose a mode collapse.

Each maps features (N, F) to (N, F + extra). To add one, write its class and its line in the catalogue.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import is_parametrized

from gan_core.models.layers import SelfInitializedLayer, StochasticLayer, full_precision
from gan_core.models.sgan import Discriminators


class NoBatchLayer(nn.Identity):
    """D scores each sample independently."""

    def __init__(self, features: int) -> None:
        super().__init__()


class MinibatchDiscrimination(SelfInitializedLayer):
    """Salimans et al. (2016), "Improved Techniques for Training GANs", section 3.2.

        M_i = f(x_i) T,   c_b(x_i, x_j) = exp(-|M_i,b - M_j,b|_1),   o(x_i)_b = sum_j c_b(x_i, x_j)

    T is F x B x C. The sum excludes j = i, which would add 1 to every sample.
    """

    def __init__(self, features: int, kernels: int = 16, dimensions: int = 4) -> None:
        super().__init__()
        self.transform = nn.Parameter(torch.empty(features, kernels, dimensions, device="meta"))

    def initialize(self, rng: torch.Generator) -> None:
        self.transform.normal_(0, len(self.transform) ** -0.5, generator=rng)

    def forward(self, features: Tensor) -> Tensor:
        projected = full_precision(torch.einsum("nf,fbc->nbc", features, self.transform))
        distances = (projected[:, None] - projected[None]).abs().sum(dim=3)  # (N, N, B)
        similarity = torch.exp(-distances).sum(dim=1) - 1
        return torch.cat((features, similarity.to(features.dtype)), dim=1)


class MinibatchStdDev(nn.Module):
    """Karras et al. (2018), "Progressive Growing of GANs", section 3: the mean standard deviation of the features.

    The paper inserts it before the last convolution; here it follows the last features, for any family.
    """

    def __init__(self, features: int) -> None:
        super().__init__()

    def forward(self, features: Tensor) -> Tensor:
        deviation = (full_precision(features).var(dim=0, correction=0) + 1e-8).sqrt().mean()
        return torch.cat((features, deviation.to(features.dtype).expand(len(features), 1)), dim=1)


def is_samplewise(network: nn.Module) -> bool:
    """Whether D scores each sample independently of the rest of the batch, of random numbers and of past calls.

    Such a D gives real samples and fakes the same logits in one batch as in two.
    """
    return not any(isinstance(module, _NOT_SAMPLEWISE) or is_parametrized(module) for module in network.modules())


_NOT_SAMPLEWISE = (_BatchNorm, MinibatchDiscrimination, MinibatchStdDev, StochasticLayer, Discriminators)


def is_deterministic(network: nn.Module) -> bool:
    """Whether the network in training maps equal batches to equal outputs; only batch statistics may change."""
    return not any(isinstance(module, StochasticLayer) or is_parametrized(module) for module in network.modules())

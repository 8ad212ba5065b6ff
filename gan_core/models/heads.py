"""Heads: from D's last features (N, F) to its logits (N,).

To add one, write its class and its line in the catalogue.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gan_core.models.layers import SelfInitializedLayer, full_precision, linear


class LinearHead(nn.Sequential):
    """A linear map of the features to the logit."""

    def __init__(self, features: int, bias: bool) -> None:
        super().__init__(linear(features, 1, bias), nn.Flatten(0))


class GaussianMixture(SelfInitializedLayer):
    """Eghbal-zadeh and Widmer (2017), "Probabilistic Generative Adversarial Networks": likelihood as D's score.

        D(x) = 1/d log sum_k pi_k N(e(x); mu_k, diag(sigma_k^2)),   e(x) a linear map of the features to d numbers

    The paper maximizes the likelihood of real samples and minimizes the likelihood of fakes, which is unbounded. Here
    the score replaces the logit in any loss. Division by d keeps it in the range of a logit.
    """

    def __init__(self, features: int, bias: bool, components: int = 10, dimensions: int = 16) -> None:
        super().__init__()
        self.embed = linear(features, dimensions, bias)
        self.means = nn.Parameter(torch.empty(components, dimensions, device="meta"))
        self.log_scales = nn.Parameter(torch.empty(components, dimensions, device="meta"))
        self.log_weights = nn.Parameter(torch.empty(components, device="meta"))

    def initialize(self, rng: torch.Generator) -> None:
        self.means.normal_(generator=rng)
        self.log_scales.zero_()
        self.log_weights.zero_()

    def forward(self, features: Tensor) -> Tensor:
        e = full_precision(self.embed(features))[:, None]  # (N, 1, d)
        scaled = (e - self.means) * torch.exp(-self.log_scales)
        log_densities = (-0.5 * scaled.square() - self.log_scales - 0.5 * math.log(2 * math.pi)).sum(dim=2)  # (N, K)
        likelihood = torch.logsumexp(self.log_weights.log_softmax(0) + log_densities, dim=1)
        return likelihood / e.shape[2]

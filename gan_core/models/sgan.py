"""SGAN (Chavdarova and Fleuret, 2017), "SGAN: An Alternative Training of Generative Adversarial Networks".

Local pairs (G_i, D_i) train independently of each other. The global pair (G_0, D_0), whose samples are shown, trains
against all of them: G_0 against every D_i, D_0 against the samples of every G_i. No gradient flows from the global pair
to the local pairs.

In training, a batch is split by position: the first part belongs to the global pair, each other part to a local pair.
So both networks still map a batch to a batch, and Algorithm 1 stays the same. In evaluation only the global pair runs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gan_core.models.layers import SelfInitializedLayer


class _Pairs(nn.Module):
    def __init__(self, shown: nn.Module, local: list[nn.Module]) -> None:
        super().__init__()
        self.shown, self.local = shown, nn.ModuleList(local)

    def _shares(self, x: Tensor, y: Tensor | None) -> list[tuple[Tensor, Tensor | None]]:
        parts = x.tensor_split(1 + len(self.local))
        labels = y.tensor_split(len(parts)) if y is not None else [None] * len(parts)
        return list(zip(parts, labels, strict=True))

    def forward_own_parts(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Every network on its own part of the batch, in any mode."""
        networks = (self.shown, *self.local)
        return torch.cat([network(*share) for network, share in zip(networks, self._shares(x, y), strict=True)])


class Generators(_Pairs):
    """Latents (N, latent.dim) -> samples (N, *shape), each part of the batch from its own generator."""

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        if not self.training:
            return self.shown(z, y)
        return self.forward_own_parts(z, y)


class Discriminators(_Pairs):
    """Samples (N, *shape) -> logits: in training more than N, because every D_i also scores the samples of G_0.

    Gradients follow SGAN: D_i and G_i get gradients from their own pair. When D_i scores the samples of G_0, G_0 and
    the messenger of D_i get gradients, and D_i does not. When D_0 scores the samples of G_i, D_0 does and G_i does not.
    """

    def __init__(self, shown: nn.Module, local: list[nn.Module]) -> None:
        super().__init__(shown, local)
        self.messengers = nn.ModuleList(map(Messenger, local))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        if not self.training:
            return self.shown(x, y)
        first, *rest = self._shares(x, y)
        local = [network(*share) for network, share in zip(self.local, rest, strict=True)]
        messages = [messenger(network, *first) for messenger, network in zip(self.messengers, self.local, strict=True)]
        shown = [self.shown(part.detach(), labels) for part, labels in rest]
        return torch.cat([*local, *messages, *shown])


class Messenger(SelfInitializedLayer):
    """D_i plus a learned offset of its weights, which adapts it to the samples of G_0.

    D_i itself must not learn from G_0. But a D that never trains on the samples of G_0 keeps scoring the same region
    highest, and G_0 collapses there.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.learnt = nn.ParameterList(torch.empty_like(parameter) for parameter in network.parameters())

    def initialize(self, rng: torch.Generator) -> None:
        for offset in self.learnt:
            offset.zero_()

    def forward(self, network: nn.Module, x: Tensor, y: Tensor | None) -> Tensor:
        """Logits (N,); no gradient reaches the weights of `network`, the current D_i."""
        weights = {
            name: parameter.detach() + offset
            for (name, parameter), offset in zip(network.named_parameters(), self.learnt, strict=True)
        }
        return functional_call(network, weights, (x, y))


def penalized_discriminator(discriminator: nn.Module) -> Callable[..., Tensor]:
    """D for a gradient penalty: one logit per sample (N,), from the D whose part of the batch it is.

    `Discriminators.forward` does not work here: it detaches the samples of D_0, so D_0 would get no penalty.
    """
    return discriminator.forward_own_parts if isinstance(discriminator, Discriminators) else discriminator

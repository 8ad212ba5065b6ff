"""SGAN (Chavdarova and Fleuret, 2017), "SGAN: An Alternative Training of Generative Adversarial Networks".

Local pairs (G_i, D_i) play their own games and know of no other pair. The pair that is shown, (G_0, D_0), plays against
all of theirs: G_0 against every D_i, D_0 against the samples of every G_i. Nothing of it flows back into them.

In training, a batch is shared out by position: the first part belongs to the shown pair, the others to a local pair
each. So both networks still map a batch to a batch, and Algorithm 1 needs not know. In evaluation only the shown pair
answers.
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
        """Every network on its own part of the batch, in whatever mode."""
        networks = (self.shown, *self.local)
        return torch.cat([network(*share) for network, share in zip(networks, self._shares(x, y), strict=True)])


class Generators(_Pairs):
    """Latents (N, latent.dim) -> samples (N, *shape), each part of the batch by its own generator."""

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        if not self.training:
            samples: Tensor = self.shown(z, y)
            return samples
        return self.forward_own_parts(z, y)


class Discriminators(_Pairs):
    """Samples (N, *shape) -> logits: in training more than N, for the shown pair's samples meet every D_i.

    Gradients go where SGAN wants them: to D_i and to G_i from their own game; to G_0 and to D_i's messenger, and not to
    D_i, where G_0's samples are judged; to D_0, and not to G_i, where D_0 judges theirs.
    """

    def __init__(self, shown: nn.Module, local: list[nn.Module]) -> None:
        super().__init__(shown, local)
        self.messengers = nn.ModuleList(map(Messenger, local))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        if not self.training:
            logits: Tensor = self.shown(x, y)
            return logits
        first, *rest = self._shares(x, y)
        own = [network(*share) for network, share in zip(self.local, rest, strict=True)]
        of_shown = [messenger(network, *first) for messenger, network in zip(self.messengers, self.local, strict=True)]
        by_shown = [self.shown(part.detach(), labels) for part, labels in rest]
        return torch.cat([*own, *of_shown, *by_shown])


class Messenger(SelfInitializedLayer):
    """What a local D would say of G_0's samples had it met them: D_i, and what it has learnt of them beside D_i.

    D_i itself must not learn of G_0. But a D that never meets G_0's samples rewards one place for ever, and G_0 gathers
    there.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.learnt = nn.ParameterList(torch.empty_like(parameter) for parameter in network.parameters())

    def initialize(self, rng: torch.Generator) -> None:
        for offset in self.learnt:
            offset.zero_()

    def forward(self, network: nn.Module, x: Tensor, y: Tensor | None) -> Tensor:
        """Logits (N,), from which no gradient reaches the weights of `network`, the D_i of today."""
        weights = {
            name: parameter.detach() + offset
            for (name, parameter), offset in zip(network.named_parameters(), self.learnt, strict=True)
        }
        logits: Tensor = functional_call(network, weights, (x, y))
        return logits


def penalized_discriminator(discriminator: nn.Module) -> Callable[..., Tensor]:
    """D as a penalty must see it: one logit for each sample (N,), by the D whose part of the batch it is.

    The games of `Discriminators` would not do. They cut D_0's gradient at its samples, so D_0 would go unpunished.
    """
    return discriminator.forward_own_parts if isinstance(discriminator, Discriminators) else discriminator

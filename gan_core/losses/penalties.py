"""Penalties: terms and constraints that keep D smooth. One penalty, one class, its paper above it.

A penalty either adds a term to D's loss or changes D's weights after its step. To add one, write its class and its line
in the catalogue; its formula for the model card goes into `descriptions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from gan_core.acceleration.double_backward import input_gradients
from gan_core.config import PenaltyConfig
from gan_core.config.catalog import PENALTIES

ScoreFunction = Callable[[Tensor], Tensor]  # D as a function of samples alone: (N, *shape) -> logits (N,)


def get(config: PenaltyConfig) -> Penalty:
    """The penalty that `config` names, at its strength.

    Raises:
        catalog.UnknownNameError: there is no such penalty.
    """
    return PENALTIES[config.name].load()(config)


@dataclass(frozen=True)
class Penalty:
    """No penalty, and the base class of all penalties."""

    config: PenaltyConfig

    def draw(self, real: Tensor, rng: torch.Generator) -> Tensor | None:
        """Random numbers for `term`, from an rng on the device of `real`; None if the penalty needs none."""
        return None

    def term(self, discriminator: ScoreFunction, real: Tensor, fake: Tensor, noise: Tensor | None) -> Tensor | None:
        """The weighted term added to D's loss (times `every`), a scalar; None if the penalty adds no term.

        Args:
            real, fake: one batch of each, of the same shape (N, C, H, W) or (N, 2).
            noise: the result of `draw`.
        """
        return None

    def after_step(self, discriminator: nn.Module) -> None:
        """Change D's weights after a step of D."""


NoPenalty = Penalty


class WeightClipping(Penalty):
    """Arjovsky, Chintala and Bottou (2017), "Wasserstein GAN", algorithm 1: w <- clip(w, -c, c).

    It clips every parameter of D, those of normalisation layers included.
    """

    @torch.no_grad()
    def after_step(self, discriminator: nn.Module) -> None:
        for weight in discriminator.parameters():
            weight.clamp_(-self.config.clip, self.config.clip)


class GradientPenalty(Penalty):
    """Gulrajani et al. (2017), "Improved Training of Wasserstein GANs", equation 3.

        lambda E[(|grad D(x^)| - 1)^2],   x^ = e x + (1 - e) G(z),   e ~ U[0, 1] for each pair

    The paper's D has no batch normalisation, with which a sample's gradient would depend on its batch.
    """

    def draw(self, real: Tensor, rng: torch.Generator) -> Tensor:
        """e of each pair: (N,)."""
        dtype = _full_precision(real).dtype
        return torch.rand(len(real), dtype=dtype, device=real.device, generator=rng)

    def term(self, discriminator: ScoreFunction, real: Tensor, fake: Tensor, noise: Tensor | None) -> Tensor:
        real, fake, e = _full_precision(real), _full_precision(fake), cast(Tensor, noise)
        between = fake.lerp(real, e.view(-1, *[1] * (real.dim() - 1)))
        norms = torch.linalg.vector_norm(input_gradients(discriminator, between), dim=1)
        return self.config.weight * self.config.every * (norms - 1).square().mean()


class R1(Penalty):
    """Mescheder, Geiger and Nowozin (2018), "Which Training Methods for GANs do actually Converge?", equation 9.

    gamma / 2 E[|grad D(x)|^2] on real samples
    """

    def term(self, discriminator: ScoreFunction, real: Tensor, fake: Tensor, noise: Tensor | None) -> Tensor:
        return self._on(real, discriminator)

    def _on(self, x: Tensor, discriminator: ScoreFunction) -> Tensor:
        gradients = input_gradients(discriminator, _full_precision(x))
        return self.config.weight / 2 * self.config.every * gradients.square().sum(dim=1).mean()


class R1R2(R1):
    """R1 and R2 of Mescheder et al. (2018), both as in Huang et al. (2024), "The GAN is dead; long live the GAN!".

    gamma / 2 E[|grad D(x)|^2] on real samples + gamma / 2 E[|grad D(G(z))|^2] on fakes
    """

    def term(self, discriminator: ScoreFunction, real: Tensor, fake: Tensor, noise: Tensor | None) -> Tensor:
        return self._on(real, discriminator) + self._on(fake, discriminator)


def _full_precision(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))

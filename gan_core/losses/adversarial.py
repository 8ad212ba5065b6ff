"""Adversarial losses: what D and G minimise. One loss, one class, its paper and equations above it.

D returns one raw number (a logit) per sample, here D(x). Most classes define what each real sample costs D, what each
fake costs D and what each fake costs G; a loss is the mean over the batch. To add a loss, write its class and its line
in the catalogue. What charts and the model card say about it is in `descriptions`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu, softplus

from gan_core.config.catalog import LOSSES

Combine = Literal["sum", "mean"]


def get(name: str, combine: Combine = "sum", label_smoothing: float = 0.0) -> Loss:
    """The loss `name` of the catalogue.

    Args:
        combine: D's loss is the "sum", or the "mean", of its real and its fake term.
        label_smoothing: one-sided (Salimans et al., 2016): D's label for real samples is 1 minus this; in [0, 0.5).

    Raises:
        catalog.UnknownNameError: there is no such loss.
        ValueError: `combine` or `label_smoothing` is something else.
    """
    if combine not in ("sum", "mean"):
        raise ValueError(f'combine must be "sum" or "mean", not {combine!r}')
    if not (isinstance(label_smoothing, int | float) and 0 <= label_smoothing < 0.5):
        raise ValueError(f"label_smoothing must be a number of at least 0 and below 0.5, not {label_smoothing!r}")
    return LOSSES[name].load()(combine, label_smoothing)


@dataclass(frozen=True)
class Loss(ABC):
    """An adversarial loss: two scalars to minimise.

    Its class variables tell the trainer and the diagnosis what they must know; the defaults fit a critic.
    """

    is_probability: ClassVar[bool] = False  # whether `score` is the probability that a sample is real
    has_labels: ClassVar[bool] = (
        False  # whether D's targets are 0 for fakes and 1 for real samples, which can be smoothed
    )
    needs_real_logits: ClassVar[bool] = (
        False  # whether G's loss reads D's logits of real samples, as a relativistic one
    )

    combine: Combine = "sum"  # of the real and the fake term of D's loss
    label_smoothing: float = 0.0  # no effect unless `has_labels`

    @abstractmethod
    def discriminator(self, real_logits: Tensor, fake_logits: Tensor, distance: Tensor | None = None) -> Tensor:
        """D's loss, a scalar, from its logits (N,) on real samples and (M,) on fakes.

        Args:
            distance: the result of `distance` for the same samples; only a loss that compares pairs reads it.
        """

    @abstractmethod
    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        """G's loss, a scalar, from D's logits (N,) on fakes.

        Args:
            real_logits: D's logits (N,) on real samples; None unless `needs_real_logits`.
        """

    def distance(self, real: Tensor, fake: Tensor) -> Tensor | None:
        """The distance between each real sample and its fake, (N,), if D's loss depends on it; else None."""
        return None

    def score(self, logits: Tensor) -> Tensor:
        """What to show as D(x): the probability that x is real if D models one, else the logit. Same shape."""
        return logits

    @property
    def equilibrium(self) -> tuple[float | None, float | None]:
        """Losses of D and G under the best constant D, which cannot tell real from fake; None if it is not unique."""
        loss_d, loss_g = self.equilibrium_of_sum()
        return None if loss_d is None else self._share * loss_d, loss_g

    @abstractmethod
    def equilibrium_of_sum(self) -> tuple[float | None, float | None]:
        """`equilibrium` where D's loss is the sum, not the mean, of its real and its fake term (`combine`)."""

    @property
    def _share(self) -> float:
        return {"sum": 1.0, "mean": 0.5}[self.combine]


class Separable(Loss):
    """A loss in which each sample costs D something on its own: the sum, or the mean, of a real and a fake term."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor, distance: Tensor | None = None) -> Tensor:
        return self._share * (self.real(real_logits).mean() + self.fake(fake_logits).mean())

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return self.generator_loss(fake_logits).mean()

    @abstractmethod
    def real(self, logits: Tensor) -> Tensor:
        """What each real sample costs D: (N,) -> (N,)."""

    @abstractmethod
    def fake(self, logits: Tensor) -> Tensor:
        """What each fake costs D: (N,) -> (N,)."""

    @abstractmethod
    def generator_loss(self, logits: Tensor) -> Tensor:
        """What each fake costs G: (N,) -> (N,)."""


class CrossEntropy(Separable):
    """Goodfellow et al. (2014), "Generative Adversarial Nets": D is a classifier, sigmoid(logit) its D(x).

        min_D  -E[log D(x)] - E[log(1 - D(G(z)))]

    log D = logsigmoid(logit) and log(1 - D) = logsigmoid(-logit), neither of which can overflow.
    With smoothing s the real term is -E[(1 - s) log D(x) + s log(1 - D(x))], and the best constant D is (1 - s) / 2.
    """

    is_probability = has_labels = True

    def real(self, logits: Tensor) -> Tensor:
        s = self.label_smoothing
        return -(1 - s) * logsigmoid(logits) - s * logsigmoid(-logits) if s else -logsigmoid(logits)

    def fake(self, logits: Tensor) -> Tensor:
        return -logsigmoid(-logits)

    def score(self, logits: Tensor) -> Tensor:
        return torch.sigmoid(logits)

    @property
    def _best_constant(self) -> float:
        return (1 - self.label_smoothing) / 2

    @property
    def _loss_d_equilibrium(self) -> float:
        p = self._best_constant
        return -2 * (p * math.log(p) + (1 - p) * math.log(1 - p))


class NonSaturating(CrossEntropy):
    """Goodfellow et al. (2014), section 3: the same fixed point as minimax, stronger gradients when D wins.

    min_G  -E[log D(G(z))]
    """

    def generator_loss(self, logits: Tensor) -> Tensor:
        return -logsigmoid(logits)

    def equilibrium_of_sum(self) -> tuple[float, float]:
        return self._loss_d_equilibrium, -math.log(self._best_constant)


class Saturating(CrossEntropy):
    """Goodfellow et al. (2014), equation 1, the minimax game: G maximises what D minimises.

    min_G  E[log(1 - D(G(z)))]
    """

    def generator_loss(self, logits: Tensor) -> Tensor:
        return logsigmoid(-logits)

    def equilibrium_of_sum(self) -> tuple[float, float]:
        return self._loss_d_equilibrium, math.log(1 - self._best_constant)


class Wasserstein(Separable):
    """Arjovsky, Chintala and Bottou (2017), "Wasserstein GAN": D is a critic, and must be kept Lipschitz.

        min_D  -E[D(x)] + E[D(G(z))]
        min_G  -E[D(G(z))]

    A critic has no labels to smooth. It may add any constant to all its scores, so G's loss has no resting value.
    """

    def real(self, logits: Tensor) -> Tensor:
        return -logits

    def fake(self, logits: Tensor) -> Tensor:
        return logits

    def generator_loss(self, logits: Tensor) -> Tensor:
        return -logits

    def equilibrium_of_sum(self) -> tuple[float, None]:
        return 0.0, None


class LeastSquares(Separable):
    """Mao et al. (2017), "Least Squares Generative Adversarial Networks", equation 9: labels 0 and 1, halves included.

        min_D  1/2 E[(D(x) - 1)^2] + 1/2 E[D(G(z))^2]
        min_G  1/2 E[(D(G(z)) - 1)^2]

    With smoothing s the real label is 1 - s for D, and stays 1 for G.
    """

    has_labels = True

    def real(self, logits: Tensor) -> Tensor:
        return (logits - (1 - self.label_smoothing)).square() / 2

    def fake(self, logits: Tensor) -> Tensor:
        return logits.square() / 2

    def generator_loss(self, logits: Tensor) -> Tensor:
        return (logits - 1).square() / 2

    def equilibrium_of_sum(self) -> tuple[float, float]:
        best_constant = (1 - self.label_smoothing) / 2
        return best_constant**2, (best_constant - 1) ** 2 / 2


class Hinge(Separable):
    """Lim and Ye (2017), "Geometric GAN"; Miyato et al. (2018), "Spectral Normalization for GANs", equations 16 and 17.

        min_D  E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]
        min_G  -E[D(G(z))]

    It has a margin instead of labels, so there is nothing to smooth. Any constant D in [-1, 1] costs the same 2, so G's
    loss has no resting value.
    """

    def real(self, logits: Tensor) -> Tensor:
        return relu(1 - logits)

    def fake(self, logits: Tensor) -> Tensor:
        return relu(1 + logits)

    def generator_loss(self, logits: Tensor) -> Tensor:
        return -logits

    def equilibrium_of_sum(self) -> tuple[float, None]:
        return 2.0, None


class LossSensitive(Loss):
    """Qi (2017), "Loss-Sensitive Generative Adversarial Networks on Lipschitz Densities", equations 7 and 8.

        min_D  E[L(x)] + lambda E[max(0, distance(x, G(z)) + L(x) - L(G(z)))],   L = -D,   lambda = 10
        min_G  E[L(G(z))]

    Each real sample is paired with a fake and must score higher by their distance, the mean absolute difference of
    their values. Without `distance` the margin is 1. The paper requires a Lipschitz D and does not fix lambda.
    """

    ranking_weight: ClassVar[float] = 10.0  # lambda

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor, distance: Tensor | None = None) -> Tensor:
        pairs = min(len(real_logits), len(fake_logits))
        margin = torch.ones_like(real_logits[:pairs]) if distance is None else distance
        ranking = relu(margin - real_logits[:pairs] + fake_logits[:pairs])
        return self._share * (-real_logits.mean() + self.ranking_weight * ranking.mean())

    def distance(self, real: Tensor, fake: Tensor) -> Tensor:
        return (real - fake).abs().flatten(1).mean(dim=1)

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        return -fake_logits.mean()

    def equilibrium_of_sum(self) -> tuple[None, None]:
        return None, None


class Relativistic(Loss):
    """Jolicoeur-Martineau (2019), "The relativistic discriminator"; Huang et al. (2024), "The GAN is dead; long live
    the GAN! A Modern GAN Baseline" (R3GAN), which adds R1 and R2.

        min_D  E[softplus(-(D(x) - D(G(z))))]
        min_G  E[softplus(-(D(G(z)) - D(x)))]

    Each real sample is paired with a fake of the batch. Only differences of scores count, so fakes that collapse cannot
    all lie on the real side of one threshold. A D that cannot tell them apart costs ln 2, and so does its G.
    """

    needs_real_logits = True

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor, distance: Tensor | None = None) -> Tensor:
        pairs = min(len(real_logits), len(fake_logits))
        return self._share * softplus(fake_logits[:pairs] - real_logits[:pairs]).mean()

    def generator(self, fake_logits: Tensor, real_logits: Tensor | None = None) -> Tensor:
        if real_logits is None:
            raise ValueError("the relativistic loss of G needs D's logits of real samples")
        pairs = min(len(real_logits), len(fake_logits))
        return softplus(real_logits[:pairs] - fake_logits[:pairs]).mean()

    def equilibrium_of_sum(self) -> tuple[float, float]:
        return math.log(2), math.log(2)

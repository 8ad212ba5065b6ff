"""Adversarial losses: what D and G minimise. One loss, one class, its paper above it.

D returns one raw number (a logit) per sample, here D(x). Most classes say, sample by sample, what a real one costs D,
what a fake one costs D, and what a fake one costs G; a loss is the mean over the batch. To add a loss, write its class
and its line in the catalogue.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu

from gan_core.config.catalog import LOSSES

Combine = Literal["sum", "mean"]


def get(name: str, combine: Combine = "sum", label_smoothing: float = 0.0) -> Loss:
    """The loss `name` of the catalogue.

    Args:
        combine: D's loss is the "sum", or the "mean", of its real and its fake term.
        label_smoothing: one-sided (Salimans et al., 2016): D's label for real samples is 1 minus this; in [0, 0.5).

    Raises:
        catalog.UnknownNameError: there is no such loss.
    """
    return LOSSES[name].load()(combine, label_smoothing)


@dataclass(frozen=True)
class Loss(ABC):
    """An adversarial loss: two scalars to minimise, and how to read them."""

    combine: Combine = "sum"
    label_smoothing: float = 0.0  # no effect on a loss without labels: Wasserstein, hinge

    score_name: ClassVar[str] = "D(x), score"  # what `score` returns, for an axis
    reading: ClassVar[str]  # how to read this loss's curves, for the screen
    reading_of_scores: ClassVar[str] = (  # of what D gives real and fake samples
        "Only the gap counts: how much higher D scores real samples than G's. All scores may drift together; "
        "a gap that narrows while the samples get better is the good sign."
    )
    reading_of_norms: ClassVar[str] = ""  # of how hard the loss pulls at each network
    why_there: ClassVar[str] = ""  # why equilibrium lies where it does, or nowhere; may name {combine}

    @abstractmethod
    def discriminator(self, real_logits: Tensor, fake_logits: Tensor, distance: Tensor | None = None) -> Tensor:
        """D's loss, a scalar, from its logits (N,) on real samples and (M,) on fake ones.

        Args:
            distance: what `distance` gave for the same samples; only a loss that compares pairs reads it.
        """

    def generator(self, fake_logits: Tensor) -> Tensor:
        """G's loss, a scalar, from D's logits (N,) on fake samples."""
        return self.generator_loss(fake_logits).mean()

    def distance(self, real: Tensor, fake: Tensor) -> Tensor | None:
        """How far apart each real sample and its fake are, (N,), where D's loss depends on it; None elsewhere."""
        return None

    def score(self, logits: Tensor) -> Tensor:
        """What to show as D(x): the chance that x is real where D means one, else D's raw output. Same shape."""
        return logits

    @property
    def equilibrium(self) -> tuple[float | None, float | None]:
        """Losses of D and G once D cannot tell: the best that a constant D can do. None where no one value is."""
        loss_d, loss_g = self._equilibrium_of_sum()
        return None if loss_d is None else self._share * loss_d, loss_g

    @property
    def reading_of_rest(self) -> str:
        """What the losses at equilibrium stand for, for the screen."""
        lines = [f"{who} {value:.3f}" for who, value in zip("DG", self.equilibrium, strict=True) if value is not None]
        why = self.why_there.format(combine=self.combine)
        return f"At equilibrium: {', '.join(lines)}. {why}" if lines else why

    @property
    def formula_d(self) -> str:
        """D's loss in LaTeX."""
        real, fake, _ = self._formulas()
        return f"{real} {fake}" if self.combine == "sum" else rf"\tfrac{{1}}{{2}} \left( {real} {fake} \right)"

    @property
    def formula_g(self) -> str:
        """G's loss in LaTeX."""
        return self._formulas()[2]

    @abstractmethod
    def generator_loss(self, logits: Tensor) -> Tensor:
        """What each fake sample costs G: (N,) -> (N,)."""

    @abstractmethod
    def _equilibrium_of_sum(self) -> tuple[float | None, float | None]:
        """Losses of D (as a sum) and of G under the best constant D."""

    @abstractmethod
    def _formulas(self) -> tuple[str, str, str]:
        """LaTeX of D's real term, of its fake term with its sign, and of G's loss."""

    @property
    def _share(self) -> float:
        return {"sum": 1.0, "mean": 0.5}[self.combine]


class Separable(Loss):
    """A loss whose D judges each sample by itself: the sum, or the mean, of a real and a fake term."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor, distance: Tensor | None = None) -> Tensor:
        return self._share * (self.real(real_logits).mean() + self.fake(fake_logits).mean())

    @abstractmethod
    def real(self, logits: Tensor) -> Tensor:
        """What each real sample costs D: (N,) -> (N,)."""

    @abstractmethod
    def fake(self, logits: Tensor) -> Tensor:
        """What each fake sample costs D: (N,) -> (N,)."""


@dataclass(frozen=True)
class CrossEntropy(Separable):
    """Goodfellow et al. (2014), "Generative Adversarial Nets": D is a classifier, sigmoid(logit) its D(x).

        min_D  -E[log D(x)] - E[log(1 - D(G(z)))]

    log D = logsigmoid(logit) and log(1 - D) = logsigmoid(-logit), neither of which can overflow.
    With smoothing s the real term is -E[(1 - s) log D(x) + s log(1 - D(x))], and the best constant D is (1 - s) / 2.
    """

    score_name: ClassVar[str] = "D(x), probability"
    reading_of_scores: ClassVar[str] = (
        "The chance of being real that D gives real samples, D(x), and G's, D(G(z)). Near 1 and 0, D wins. "
        "Both near 0.5, D cannot tell: the samples are good, or D is weak."
    )
    why_there: ClassVar[str] = (
        "There D gives all samples the same odds. A guess at even odds costs ln 2 = 0.693, and D's loss is the "
        "{combine} of two: one on real samples, one on G's."
    )

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

    def _formulas_d(self) -> tuple[str, str]:
        s = self.label_smoothing
        real = rf"{1 - s:g} \log D(x) + {s:g} \log(1 - D(x))" if s else r"\log D(x)"
        return rf"-\mathbb{{E}}[{real}]", r"- \mathbb{E}[\log(1 - D(G(z)))]"


@dataclass(frozen=True)
class NonSaturating(CrossEntropy):
    """Goodfellow et al. (2014), section 3: the same fixed point as minimax, stronger gradients when D wins.

    min_G  -E[log D(G(z))]
    """

    reading: ClassVar[str] = (
        "On the line D can only guess. D far below it is winning, and G then climbs; "
        "a loss compares G with today's D, so it does not measure how good the samples look."
    )
    reading_of_norms: ClassVar[str] = "With this loss G is pulled hardest while D sees through it."

    def generator_loss(self, logits: Tensor) -> Tensor:
        return -logsigmoid(logits)

    def _equilibrium_of_sum(self) -> tuple[float, float]:
        return self._loss_d_equilibrium, -math.log(self._best_constant)

    def _formulas(self) -> tuple[str, str, str]:
        return *self._formulas_d(), r"-\mathbb{E}[\log D(G(z))]"


@dataclass(frozen=True)
class Saturating(CrossEntropy):
    """Goodfellow et al. (2014), equation 1, the minimax game: G maximises what D minimises.

    min_G  E[log(1 - D(G(z)))]
    """

    reading: ClassVar[str] = (
        "On the line D can only guess. G's loss near 0 means that D wins and G's gradient has all but vanished; "
        "a loss compares G with today's D, so it does not measure how good the samples look."
    )
    reading_of_norms: ClassVar[str] = "With this loss the pull on G fades to nothing once D sees through it."

    def generator_loss(self, logits: Tensor) -> Tensor:
        return logsigmoid(-logits)

    def _equilibrium_of_sum(self) -> tuple[float, float]:
        return self._loss_d_equilibrium, math.log(1 - self._best_constant)

    def _formulas(self) -> tuple[str, str, str]:
        return *self._formulas_d(), r"\mathbb{E}[\log(1 - D(G(z)))]"


@dataclass(frozen=True)
class Wasserstein(Separable):
    """Arjovsky, Chintala and Bottou (2017), "Wasserstein GAN": D is a critic, and must be kept Lipschitz.

        min_D  -E[D(x)] + E[D(G(z))]
        min_G  -E[D(G(z))]

    A critic has no labels to smooth. It may add any constant to all its scores, so G's loss has no resting value.
    """

    score_name: ClassVar[str] = "critic score"
    reading: ClassVar[str] = (
        "Minus D's loss estimates the distance between real and fake: at 0 the critic sees none. "
        "It tends to shrink as samples improve; the level of G's loss means nothing."
    )
    reading_of_norms: ClassVar[str] = "With this loss the pull on G stays, however far ahead the critic is."
    why_there: ClassVar[str] = (
        "There the critic scores real samples and G's alike. It may add any number to all its scores, "
        "so no level of G's loss stands for balance."
    )

    def real(self, logits: Tensor) -> Tensor:
        return -logits

    def fake(self, logits: Tensor) -> Tensor:
        return logits

    def generator_loss(self, logits: Tensor) -> Tensor:
        return -logits

    def _equilibrium_of_sum(self) -> tuple[float, None]:
        return 0.0, None

    def _formulas(self) -> tuple[str, str, str]:
        return (
            r"-\mathbb{E}[D(x)]",
            r"+ \mathbb{E}[D(G(z))]",
            r"-\mathbb{E}[D(G(z))]",
        )


@dataclass(frozen=True)
class LeastSquares(Separable):
    """Mao et al. (2017), "Least Squares Generative Adversarial Networks", equation 9: labels 0 and 1, halves and all.

        min_D  1/2 E[(D(x) - 1)^2] + 1/2 E[D(G(z))^2]
        min_G  1/2 E[(D(G(z)) - 1)^2]

    With smoothing s the real label is 1 - s for D, and stays 1 for G.
    """

    reading: ClassVar[str] = (
        "On the line D gives all samples the same score. D near 0 is winning: it scores real 1 and fake 0; "
        "a loss compares G with today's D, so it does not measure how good the samples look."
    )
    reading_of_scores: ClassVar[str] = (
        "D aims at 1 for real samples and at 0 for G's; these are setting_changes, not chances, and may overshoot. "
        "Far apart, D tells them with ease; both near 0.5, it cannot tell."
    )
    reading_of_norms: ClassVar[str] = "With this loss G is pulled the harder, the further its scores are from 1."
    why_there: ClassVar[str] = "There D scores every sample halfway between its mark for real ones and its 0 for G's."

    def real(self, logits: Tensor) -> Tensor:
        return (logits - (1 - self.label_smoothing)).square() / 2

    def fake(self, logits: Tensor) -> Tensor:
        return logits.square() / 2

    def generator_loss(self, logits: Tensor) -> Tensor:
        return (logits - 1).square() / 2

    def _equilibrium_of_sum(self) -> tuple[float, float]:
        best_constant = (1 - self.label_smoothing) / 2
        return best_constant**2, (best_constant - 1) ** 2 / 2

    def _formulas(self) -> tuple[str, str, str]:
        return (
            rf"\tfrac{{1}}{{2}} \mathbb{{E}}[(D(x) - {1 - self.label_smoothing:g})^2]",
            r"+ \tfrac{1}{2} \mathbb{E}[D(G(z))^2]",
            r"\tfrac{1}{2} \mathbb{E}[(D(G(z)) - 1)^2]",
        )


@dataclass(frozen=True)
class Hinge(Separable):
    """Lim and Ye (2017), "Geometric GAN"; Miyato et al. (2018), "Spectral Normalization for GANs", equations 16 and 17.

        min_D  E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))]
        min_G  -E[D(G(z))]

    It has a margin in place of labels, so nothing to smooth. Any constant D in [-1, 1] costs the same 2, so G's loss
    has no resting value.
    """

    reading: ClassVar[str] = (
        "On the line D cannot tell; at 0 it puts every sample on its right side with room to spare. "
        "The level of G's loss means nothing, and neither loss measures how good the samples look."
    )
    reading_of_scores: ClassVar[str] = (
        "D aims above 1 for real samples and below -1 for G's, and gains nothing by going further. "
        "The two curves close together mean that D cannot tell."
    )
    reading_of_norms: ClassVar[str] = "With this loss D rests once each sample is on its side by the margin of 1."
    why_there: ClassVar[str] = (
        "There D scores all samples alike, so both kinds lack their margin of 1. "
        "G's loss is minus a score and has no level of its own."
    )

    def real(self, logits: Tensor) -> Tensor:
        return relu(1 - logits)

    def fake(self, logits: Tensor) -> Tensor:
        return relu(1 + logits)

    def generator_loss(self, logits: Tensor) -> Tensor:
        return -logits

    def _equilibrium_of_sum(self) -> tuple[float, None]:
        return 2.0, None

    def _formulas(self) -> tuple[str, str, str]:
        return (
            r"\mathbb{E}[\max(0, 1 - D(x))]",
            r"+ \mathbb{E}[\max(0, 1 + D(G(z)))]",
            r"-\mathbb{E}[D(G(z))]",
        )


@dataclass(frozen=True)
class LossSensitive(Loss):
    """Qi (2017), "Loss-Sensitive Generative Adversarial Networks on Lipschitz Densities", equations 7 and 8.

        min_D  E[L(x)] + lambda E[max(0, distance(x, G(z)) + L(x) - L(G(z)))],   L = -D,   lambda = 10
        min_G  E[L(G(z))]

    Each real sample is paired with a fake, and must score higher by as much as the two differ: the mean absolute
    difference of their numbers. Samples that are alike need no margin, so D can leave good fakes in peace. D must be
    smooth; without samples the margin is 1.
    """

    ranking_weight: ClassVar[float] = 10.0  # the paper's lambda, which it leaves open
    score_name: ClassVar[str] = "critic score"
    reading: ClassVar[str] = (
        "D's loss has no resting value: only differences of its scores count, and all may drift up together. "
        "Watch the gap between real and fake scores shrink as samples get nearer to the data."
    )
    reading_of_norms: ClassVar[str] = "With this loss D learns only from pairs whose scores lack their margin."
    why_there: ClassVar[str] = (
        "No dashed line: D compares scores in pairs, so no level of either loss stands for balance."
    )

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor, distance: Tensor | None = None) -> Tensor:
        pairs = min(len(real_logits), len(fake_logits))
        margin = torch.ones_like(real_logits[:pairs]) if distance is None else distance
        ranking = relu(margin - real_logits[:pairs] + fake_logits[:pairs])
        return self._share * (-real_logits.mean() + self.ranking_weight * ranking.mean())

    def distance(self, real: Tensor, fake: Tensor) -> Tensor:
        return (real - fake).abs().flatten(1).mean(dim=1)

    def generator_loss(self, logits: Tensor) -> Tensor:
        return -logits

    def _equilibrium_of_sum(self) -> tuple[None, None]:
        return None, None

    def _formulas(self) -> tuple[str, str, str]:
        return (
            r"-\mathbb{E}[D(x)]",
            rf"+ {self.ranking_weight:g} \, \mathbb{{E}}[\max(0, \Delta(x, G(z)) - D(x) + D(G(z)))]",
            r"-\mathbb{E}[D(G(z))]",
        )

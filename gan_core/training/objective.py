"""D's and G's loss in Algorithm 1, as pure functions of the networks, a batch, the settings and the random generators.

They change nothing but running statistics of normalisation layers and the states of the random generators.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gan_core.config import AugmentConfig
from gan_core.losses import Loss
from gan_core.losses.penalties import Penalty
from gan_core.models.layers import full_precision
from gan_core.models.modes import frozen, frozen_batch_statistics
from gan_core.models.sgan import penalized_discriminator
from gan_core.system.random_streams import Streams
from gan_core.training import adaptive_augment
from gan_core.training.diffaugment import augment


@dataclass(frozen=True)
class Settings:
    """What the losses depend on besides weights and batches."""

    loss: Loss
    penalty: Penalty
    augment: AugmentConfig
    bfloat16: bool  # whether forward passes run in bfloat16; losses and penalties never do
    is_samplewise: bool  # whether D scores each sample independently, so that one pass can take real samples and fakes
    keep_graph: bool  # keep G's graph so that G's step can reuse D's fakes


@dataclass  # not frozen: small steps become 1 % faster
class Batch:
    """The inputs of D's loss."""

    real: Tensor  # (N, C, H, W) in the range of G's output, or (N, 2)
    y: Tensor | None  # (N,): classes of the real samples and of the fakes; None without a condition
    z: Tensor  # (N, latent.dim)
    instance_noise: Tensor | None  # (): standard deviation; None for no noise
    augment_p: Tensor | None  # (): probability of each change by adaptive augmentation; None for no change
    penalty_is_due: bool  # in this step, under lazy regularisation
    penalty_noise: Tensor | None  # the result of `Penalty.draw`

    def for_generator(self, fakes: Tensor | None, needs_real: bool) -> LatentBatch:
        """The inputs of G's loss on the same fakes, with the real samples if G's loss reads them."""
        real = self.real if needs_real else None
        return LatentBatch(self.z, self.y, self.instance_noise, self.augment_p, fakes, real)


@dataclass
class LatentBatch:
    """The inputs of G's loss."""

    z: Tensor  # (N, latent.dim)
    y: Tensor | None  # (N,)
    instance_noise: Tensor | None  # ()
    augment_p: Tensor | None  # ()
    fakes: Tensor | None = None  # (N, *shape): what D's loss generated from this z; None for a new z
    real: Tensor | None = None  # (N, *shape), of the classes y; read only if the loss `needs_real_logits`


@dataclass
class LossValues:
    """A loss and what to show beside it; scalars."""

    loss: Tensor
    scores: tuple[Tensor, ...] = ()  # detached mean scores of real samples and of fakes
    fakes: Tensor | None = None  # (N, *shape): with their autograd graph under `keep_graph`
    ranking: Tensor | None = None  # (): how well D ranks real samples above fakes, for adaptive augmentation


@dataclass
class Gradients:
    """Gradients of a loss."""

    values: Tensor  # (k,): the loss, the mean scores, the norm of all gradients together; in the order of VALUES
    gradients: list[Tensor | None]  # of each parameter; None where the loss does not depend on it
    fakes: Tensor | None  # as in `LossValues`
    ranking: Tensor | None  # as in `LossValues`


Watch = Callable[[Literal["d", "g"], Batch | LatentBatch, Gradients], None]
"""Called after an update of D or G with its batch and result, which the next update may overwrite."""


def ignore(network: Literal["d", "g"], batch: Batch | LatentBatch, result: Gradients) -> None:
    """A `Watch` that does nothing."""


def discriminator_loss(
    generator: nn.Module, discriminator: nn.Module, settings: Settings, rngs: Streams, batch: Batch
) -> LossValues:
    """D's loss on real samples and fakes, plus the penalty where it is due."""
    with torch.set_grad_enabled(settings.keep_graph), _precision(settings, batch.z):
        fakes = generator(batch.z, batch.y)
    real = _distort(batch.real, batch, settings, rngs)
    fake = _distort(full_precision(fakes.detach()), batch, settings, rngs)
    with _precision(settings, real):
        real_logits, fake_logits = _scores(discriminator, real, fake, batch.y, settings.is_samplewise)
    loss = settings.loss.discriminator(real_logits, fake_logits, settings.loss.distance(real, fake))
    if batch.penalty_is_due:  # SGAN: each sample belongs to one of several discriminators
        penalty = settings.penalty.term(
            partial(penalized_discriminator(discriminator), y=batch.y), real, fake, batch.penalty_noise
        )
        loss = loss if penalty is None else loss + penalty
    mean_scores = tuple(settings.loss.score(logits.detach()).mean() for logits in (real_logits, fake_logits))
    ranking = None if batch.augment_p is None else adaptive_augment.ranking(real_logits, fake_logits)
    return LossValues(loss, mean_scores, fakes, ranking)


def generator_loss(
    generator: nn.Module, discriminator: nn.Module, settings: Settings, rngs: Streams, batch: LatentBatch
) -> LossValues:
    """G's loss on fakes: those of D's loss if the batch has them, else new ones."""
    fakes, is_repeated = batch.fakes, batch.fakes is not None
    with _precision(settings, batch.z), frozen(list(discriminator.parameters())):
        if fakes is None or not fakes.requires_grad:
            # Fakes from a CUDA graph have no autograd graph. Generate the same fakes again, without counting
            # them twice in G's running statistics.
            with frozen_batch_statistics(generator) if is_repeated else nullcontext():
                fakes = generator(batch.z, batch.y)
        fake = _distort(full_precision(fakes), batch, settings, rngs)
        fake_logits, real_logits = full_precision(discriminator(fake, batch.y)), None
        if settings.loss.needs_real_logits and batch.real is not None:
            real = _distort(batch.real, batch, settings, rngs)
            real_logits = full_precision(discriminator(real, batch.y))
    return LossValues(settings.loss.generator(fake_logits, real_logits), fakes=full_precision(fakes.detach()))


def differentiate(loss_of: Callable[[Any], LossValues], parameters: list[nn.Parameter], batch: Any) -> Gradients:
    """The gradients of `loss_of(batch)` with respect to the parameters."""
    result = loss_of(batch)
    gradients = torch.autograd.grad(result.loss, parameters, allow_unused=True)  # 20 % faster than `backward`
    norms = [torch.linalg.vector_norm(gradient) for gradient in gradients if gradient is not None]
    norm = torch.linalg.vector_norm(torch.stack(norms))
    return Gradients(
        values=torch.stack((result.loss.detach(), *result.scores, norm)),
        gradients=[None if gradient is None else gradient.contiguous() for gradient in gradients],  # for fused kernels
        fakes=result.fakes,
        ranking=result.ranking,
    )


def _scores(
    discriminator: nn.Module, real: Tensor, fake: Tensor, y: Tensor | None, is_samplewise: bool
) -> tuple[Tensor, Tensor]:
    """D's logits of real samples and of fakes, (N,) each; in one pass if that gives the same, because it is faster."""
    if not is_samplewise:
        return full_precision(discriminator(real, y)), full_precision(discriminator(fake, y))
    logits = discriminator(torch.cat((real, fake)), None if y is None else torch.cat((y, y)))
    real_logits, fake_logits = full_precision(logits).split(len(real))
    return real_logits, fake_logits


def _distort(x: Tensor, batch: Batch | LatentBatch, settings: Settings, rngs: Streams) -> Tensor:
    """What D sees of `x`: augmented (Zhao et al., 2020; Karras et al., 2020), with instance noise (Sønderby, 2017)."""
    x = augment(x, settings.augment, rngs.augment)
    if batch.augment_p is not None:
        x = adaptive_augment.augment(x, batch.augment_p, rngs.augment)
    if batch.instance_noise is None:
        return x
    return x + batch.instance_noise * torch.empty_like(x).normal_(generator=rngs.instance)


def _precision(settings: Settings, x: Tensor) -> AbstractContextManager[object]:
    """Autocast to bfloat16 on the device of `x`, if the settings ask for it.

    Its weight cache is off because threads share it: another session may clear it during a step. The weight would then
    be cast twice, and its gradients summed in another precision.
    """
    return torch.autocast(x.device.type, torch.bfloat16, cache_enabled=False) if settings.bfloat16 else nullcontext()

"""Algorithm 1 of Goodfellow et al. (2014), "Generative Adversarial Nets": k discriminator steps, then a generator step.

The trainer is the algorithm and nothing else. Recording, saving, showing and stopping are the business of whoever calls
`step`. Every loss, penalty, optimiser and network passes through this one loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gan_core import data, losses, models
from gan_core.acceleration.cuda_graph import CudaGraph
from gan_core.acceleration.recorded_step import StepInput, ValuesOf
from gan_core.acceleration.replay import Replay
from gan_core.config import TrainConfig
from gan_core.data.batches import Batches
from gan_core.losses import penalties
from gan_core.models.batch_layers import is_deterministic, is_samplewise
from gan_core.models.layers import full_precision
from gan_core.models.modes import evaluating, frozen, frozen_batch_statistics
from gan_core.models.sampling import DISPLAY, classes_in_turn, decode, draw_latents
from gan_core.models.sgan import penalized_discriminator
from gan_core.system.devices import Kernels, describe_device, find_device, multiplies_bfloat16
from gan_core.system.random_streams import Streams, stream
from gan_core.training import ema, optimizers
from gan_core.training.diffaugment import augment

Which = Literal["both", "g", "d"]
VALUES = ("loss_d", "d_real", "d_fake", "grad_norm_d", "loss_g", "grad_norm_g")
_OF_EACH = [4, 2]  # values: D's, then G's


@dataclass(frozen=True)
class StepRecord:
    """What one step did. The values stay on the training device until they are read, so that a step never waits.

    Figures of a network that did not move in this step are those of its last move, NaN before its first.
    """

    step: int  # steps done, this one included
    epoch: float  # passes over the data so far
    images: int  # real examples that D has seen so far
    values: Tensor  # (6,), in the order of VALUES

    loss_d = property(lambda self: self.values[0].item())
    d_real = property(lambda self: self.values[1].item())  # mean score of real examples
    d_fake = property(lambda self: self.values[2].item())  # mean score of fakes
    grad_norm_d = property(lambda self: self.values[3].item())
    loss_g = property(lambda self: self.values[4].item())
    grad_norm_g = property(lambda self: self.values[5].item())


class Trainer:
    """Two networks, their optimisers and their data, advanced one step at a time.

    Args:
        config: the whole experiment.
        device: "auto" (CUDA where there is one), "cpu", "cuda" or "cuda:1".
        dataset: data already loaded; by default the config's own.

    Raises:
        data.DataError: the data cannot be had.
        ValueError: the device does not exist.
    """

    def __init__(self, config: TrainConfig, device: str = "auto", dataset: data.Dataset | None = None) -> None:
        self.device = find_device(device)
        on_cuda = self.device.type == "cuda"
        self._kernels = Kernels(config.deterministic, tf32=config.precision == "tf32") if on_cuda else None
        self.dataset = dataset if dataset is not None else data.load(config)
        self.random = Streams(config.seed, self.device)
        self.labels = self.dataset.labels if config.classes else None  # int64 (len(dataset),)
        self.batches = Batches(
            self.dataset.examples,
            self.labels,
            config.batch_size,
            config.generator.output,
            self.random.order,
            self.device,
        )
        self.generator, self.discriminator = (network.to(self.device).train() for network in models.build(config))
        self._in_one_pass = is_samplewise(self.discriminator)
        self._in_bfloat16 = config.precision == "bfloat16" and multiplies_bfloat16(self.device)
        self.ema = ema.average_of(self.generator) if config.ema_decay else None
        for network in (self.generator, self.discriminator):
            models.set_rng(network, self.random.dropout)
        self._parameters_d, self._parameters_g = (
            list(self.discriminator.parameters()),
            list(self.generator.parameters()),
        )
        self.optimizer_d = optimizers.build(config.optimizer_d, self._parameters_d)
        self.optimizer_g = optimizers.build(config.optimizer_g, self._parameters_g)
        networks = self.generator, self.discriminator
        ways = (
            way for way in (CudaGraph, Replay) if way.can_record(config, self.device, is_deterministic(self.generator))
        )
        way = next(ways, None)
        self.recorded_step = way(differentiate, networks, self.random.on_device) if way else None
        self.steps = 0
        self.images = 0
        self._values_d, self._values_g = torch.full((len(VALUES),), torch.nan, device=self.device).split(_OF_EACH)
        self._shown: tuple[Tensor, Tensor | None] | None = None  # z and y of the fakes that D was shown last
        self._shown_fakes: Tensor | None = None  # with their graph
        self.update(config)

    def update(self, config: TrainConfig) -> None:
        """Go on under `config`, which differs in live settings at most; optimisers keep their state."""
        self.config = config
        self.loss = losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing)
        self.penalty = penalties.get(config.penalty)
        fading = config.instance_noise > 0  # with each step, and not as it was recorded
        quicker = None if fading else self.recorded_step
        settings = config.loss, config.penalty, config.augment
        self._differentiate = quicker.under(*settings) if quicker else differentiate
        # Of compiled steps and of graphs nothing is left but numbers, and G's step cannot go on from these alone.
        self._keeps_fakes = config.reuse_fakes and (quicker is None or isinstance(quicker, Replay))
        self._set_rates()

    # ---- Algorithm 1 ---------------------------------------------------------------------------------------------

    def step(self, which: Which = "both") -> StepRecord:
        """One round: `n_critic` steps of D, then `g_steps` steps of G; or only one network's part of it."""
        if self.config.lr_decay == "linear":
            self._set_rates()
        if which != "g":
            for _ in range(self.config.n_critic):
                self._step_discriminator()
        if which != "d":
            for _ in range(self.config.g_steps):
                self._step_generator()
            if self.ema is not None:
                ema.blend(self.ema, self.generator, self.config.ema_decay, self.steps)
        self._shown = self._shown_fakes = None
        self.steps += 1
        return StepRecord(self.steps, self.epoch, self.images, self._values())

    def _step_discriminator(self) -> None:
        real, y = self.batches.next()  # (N, *shape), and under a condition the classes (N,), which the fakes share
        self.images += len(real)
        due = self._penalty_is_due()
        chance = self.penalty.draw(real, self.random.penalty) if due else None
        z = self.latents(len(real), self.random.noise_d)
        self._shown, self._shown_fakes = (z, y) if self.config.reuse_fakes else None, None
        drawn = real, y, z, due, chance
        self._values_d = self._descend(self._loss_d, self._parameters_d, self.optimizer_d, *drawn)
        self.penalty.after_step(self.discriminator)

    def _loss_d(self, real: Tensor, y: Tensor | None, z: Tensor, due: bool, chance: Tensor | None) -> Sequence[Tensor]:
        """D's loss, and the mean scores of real samples and of fakes; the penalty counts where it is due."""
        with torch.set_grad_enabled(self._keeps_fakes), self._precision():
            fake = self.generator(z, y)
        self._shown_fakes = fake if self._keeps_fakes else None
        real, seen = self._as_seen(real), self._as_seen(full_precision(fake.detach()))
        with self._precision():
            real_logits, fake_logits = self._judge(real, seen, y)
        loss = self.loss.discriminator(real_logits, fake_logits, self.loss.distance(real, seen))
        if due:
            judge = partial(penalized_discriminator(self.discriminator), y=y)
            penalty = self.penalty.term(judge, real, seen, chance)
            loss = loss if penalty is None else loss + penalty
        return loss, self.loss.score(real_logits.detach()).mean(), self.loss.score(fake_logits.detach()).mean()

    def _judge(self, real: Tensor, fake: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor]:
        """D's logits of both, (N,) each: in one pass where it is the same, which is faster; else each in its own."""
        if not self._in_one_pass:
            return full_precision(self.discriminator(real, y)), full_precision(self.discriminator(fake, y))
        logits = self.discriminator(torch.cat((real, fake)), None if y is None else torch.cat((y, y)))
        real_logits, fake_logits = full_precision(logits).split(len(real))
        return real_logits, fake_logits

    def _step_generator(self) -> None:
        n = self.config.batch_size
        drawn = self._shown or (self.latents(n, self.random.noise_g), self._drawn_classes(n))
        with frozen(self._parameters_d):
            self._values_g = self._descend(
                self._loss_g, self._parameters_g, self.optimizer_g, *drawn, bool(self._shown)
            )

    def _loss_g(self, z: Tensor, y: Tensor | None, shown: bool) -> Sequence[Tensor]:
        """G's loss on fakes from `z`; on those that D was `shown` just now, made once more if they were not kept."""
        with self._precision():
            fake = self._shown_fakes
            if fake is None:
                with frozen_batch_statistics(self.generator) if shown else nullcontext():
                    fake = self.generator(z, y)
            logits = full_precision(self.discriminator(self._as_seen(full_precision(fake)), y))
        return (self.loss.generator(logits),)

    def _descend(
        self, values_of: ValuesOf, parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer, *drawn: StepInput
    ) -> Tensor:
        """One step of `optimizer` down the gradient of the loss of what was drawn; the values of `differentiate`."""
        values = self._differentiate(values_of, parameters, *drawn)
        optimizer.step()
        return values

    def _values(self) -> Tensor:
        """Those of each network's last move, in a tensor of their own: (6,), in the order of VALUES."""
        return torch.cat((self._values_d, self._values_g))

    def _penalty_is_due(self) -> bool:
        """Lazy regularisation (Karras et al., 2020): at each n-th step of D, the first included."""
        return (self.images // self.config.batch_size - 1) % self.config.penalty.every == 0

    def latents(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` latent vectors z from `generator`, on its device: (n, latent.dim)."""
        return draw_latents(self.config.latent, n, generator)

    def _drawn_classes(self, n: int) -> Tensor | None:
        """Classes for `n` fakes, as frequent as in the data: (n,) on the device; None without a condition."""
        if (labels := self.batches.labels) is None:
            return None
        return labels[torch.randint(len(labels), (n,), generator=self.random.labels, device=self.device)]

    def _as_seen(self, x: Tensor) -> Tensor:
        """What D sees of `x`: augmented (DiffAugment), under instance noise that fades over the run."""
        x = augment(x, self.config.augment, self.random.augment)
        sigma = self.config.instance_noise * max(0.0, 1 - self.progress)  # Sønderby et al. (2017)
        if not sigma:
            return x
        return x + sigma * torch.empty_like(x).normal_(generator=self.random.instance)

    def _precision(self) -> AbstractContextManager[object]:
        """Without the cache of weights already cast: all threads share it, and any of them clears it at any moment.

        A weight that is used twice would then have its gradients added in 16 bits, or in 32, as chance will.
        """
        if not self._in_bfloat16:
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16, cache_enabled=False)

    def _set_rates(self) -> None:
        factor = max(0.0, 1 - self.progress) if self.config.lr_decay == "linear" else 1.0
        optimizers.retune(self.optimizer_d, self.config.optimizer_d, factor)
        optimizers.retune(self.optimizer_g, self.config.optimizer_g, factor)

    # ---- where the run stands ------------------------------------------------------------------------------------

    @property
    def total_steps(self) -> int:
        return self.config.total_steps(len(self.dataset))

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever watches the run should be told: of its data, and of its precision."""
        if self.config.precision != "bfloat16" or self._in_bfloat16:
            return self.dataset.notes
        where = describe_device(self.device)
        return (*self.dataset.notes, f"No bfloat16 arithmetic on this device ({where}): the run trains in float32")

    @property
    def epoch(self) -> float:
        return self.images / len(self.dataset)

    @property
    def progress(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        return min(1.0, self.steps / self.total_steps)

    # ---- making samples ------------------------------------------------------------------------------------------

    @torch.no_grad()
    def generate(self, n: int = 64, seed: int = 0, raw: bool = False, label: int | None = None) -> Tensor:
        """`n` samples from latents of their own `seed`: (n, C, H, W) in [0, 1], or (n, 2); float32 on the CPU.

        They come from the moving average of G's weights where there is one, unless `raw` asks for G itself. The same
        seed gives the same latents on every device, at every step. A conditional G makes the class `label`, or every
        class in turn.
        """
        return self.decode(self.latents(n, stream(seed, DISPLAY)), raw, self.classes_in_turn(n, label))

    @torch.no_grad()
    def decode(self, z: Tensor, raw: bool = False, y: Tensor | None = None) -> Tensor:
        """G's samples for latents `z` (n, latent.dim) and classes `y` (n,): (n, C, H, W) in [0, 1], or (n, 2); float32.

        They are on the CPU. Without `y`, a conditional G makes every class in turn.
        """
        network = self.generator if raw or self.ema is None else self.ema
        with evaluating(network):
            return decode(network, z, self.classes_in_turn(len(z)) if y is None else y, self.config)

    def classes_in_turn(self, n: int, label: int | None = None) -> Tensor | None:
        """Classes for `n` samples to look at: every class in turn, or only `label`; None without a condition."""
        return classes_in_turn(self.config, n, label)

    # ---- saving --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on; tensors and plain values only."""
        return {name: part.state_dict() for name, part in self._parts().items()} | {
            "steps": self.steps,
            "images": self.images,
            "figures": self._values(),  # the name in checkpoints on disk
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand exactly where the trainer stood that wrote `state`.

        Raises:
            RuntimeError: the state is of networks of another shape.
        """
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.steps, self.images = state["steps"], state["images"]
        self._values_d, self._values_g = state["figures"].to(self.device).split(_OF_EACH)
        self._set_rates()

    def _parts(self) -> dict[str, Any]:
        parts = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "optimizer_g": self.optimizer_g,
            "optimizer_d": self.optimizer_d,
            "random": self.random,
            "batches": self.batches,  # after `random`: it rewinds the generator of the order to redraw that order
        }
        return parts if self.ema is None else parts | {"ema": self.ema}


def differentiate(values_of: ValuesOf, parameters: list[nn.Parameter], *drawn: StepInput) -> Tensor:
    """Give these parameters the gradient of a loss, the first of its values; all values, and the gradient's norm."""
    loss, *scores = values_of(*drawn)
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)  # a fifth faster than `backward(inputs=...)`
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = None if gradient is None else gradient.contiguous()  # as the fused kernels take it
    norms = [torch.linalg.vector_norm(gradient) for gradient in gradients if gradient is not None]
    norm = torch.linalg.vector_norm(torch.stack(norms))
    return torch.stack((loss.detach(), *scores, norm))

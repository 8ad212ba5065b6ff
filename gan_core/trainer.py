"""Algorithm 1 of Goodfellow et al. (2014), "Generative Adversarial Nets": k discriminator steps, then a generator step.

The trainer is the algorithm and nothing else. Recording, saving, showing and stopping are the business of whoever calls
`step`. Every loss, penalty, optimiser and network passes through this one loop.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_core import data, ema, losses, models, optimizers, penalties
from gan_core.config import TrainConfig
from gan_core.data.batches import Batches
from gan_core.data.ranges import to_unit
from gan_core.randomness import Streams, stream

Which = Literal["both", "g", "d"]
FIGURES = ("loss_d", "d_real", "d_fake", "grad_norm_d", "loss_g", "grad_norm_g")  # D's, then G's


@dataclass(frozen=True)
class StepRecord:
    """What one step did. The figures stay on the training device until they are read, so that a step never waits.

    Figures of a network that did not move in this step are those of its last move, NaN before its first.
    """

    step: int  # steps done, this one included
    epoch: float  # passes over the data so far
    images: int  # real examples that D has seen so far
    figures: Tensor  # (6,), in the order of FIGURES

    loss_d = property(lambda self: self.figures[0].item())
    d_real = property(lambda self: self.figures[1].item())  # mean score of real examples
    d_fake = property(lambda self: self.figures[2].item())  # mean score of fakes
    grad_norm_d = property(lambda self: self.figures[3].item())
    loss_g = property(lambda self: self.figures[4].item())
    grad_norm_g = property(lambda self: self.figures[5].item())


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
        if config.deterministic and self.device.type == "cuda":
            _forbid_nondeterminism()
        self.dataset = dataset if dataset is not None else data.load(config)
        self.random = Streams(config.seed, self.device)
        self.batches = Batches(
            self.dataset.examples, config.batch_size, config.generator.output, self.random.order, self.device
        )
        self.generator, self.discriminator = (network.to(self.device).train() for network in models.build(config))
        self.ema = ema.average_of(self.generator) if config.ema_decay else None
        for network in (self.generator, self.discriminator):
            models.set_dropout_generator(network, self.random.dropout)
        self._parameters_d, self._parameters_g = (
            list(self.discriminator.parameters()),
            list(self.generator.parameters()),
        )
        self.optimizer_d = optimizers.build(config.optimizer_d, self._parameters_d)
        self.optimizer_g = optimizers.build(config.optimizer_g, self._parameters_g)
        self.steps = 0
        self.images = 0
        self._figures = torch.full((len(FIGURES),), torch.nan, device=self.device)
        self._fresh_fakes: Tensor | None = None
        self.update(config)

    def update(self, config: TrainConfig) -> None:
        """Go on under `config`, which differs in live settings at most; optimisers keep their state."""
        self.config = config
        self.loss = losses.get(config.loss.name, config.loss.combine, config.loss.label_smoothing)
        self.penalty = penalties.get(config.penalty)
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
        self._fresh_fakes = None
        self.steps += 1
        return StepRecord(self.steps, self.epoch, self.images, self._figures.clone())

    def _step_discriminator(self) -> None:
        real = self.batches.next()  # (N, *shape)
        self.images += len(real)
        with torch.set_grad_enabled(self.config.reuse_fakes), self._precision():
            fake = self.generator(self.latents(len(real), self.random.noise_d))
        self._fresh_fakes = fake if self.config.reuse_fakes else None
        real, seen = self._blur(real), self._blur(fake.detach().float())
        with self._precision():
            real_logits, fake_logits = self.discriminator(real).float(), self.discriminator(seen).float()  # (N,)
        loss = self.loss.discriminator(real_logits, fake_logits)
        if self._penalty_is_due():
            penalty = self.penalty.term(self.discriminator, real, seen, self.random.penalty)
            loss = loss if penalty is None else loss + penalty
        norm = _descend(loss, self._parameters_d, self.optimizer_d)
        self.penalty.after_step(self.discriminator)
        scores = self.loss.score(real_logits.detach()).mean(), self.loss.score(fake_logits.detach()).mean()
        self._figures[:4] = torch.stack((loss.detach(), *scores, norm))

    def _step_generator(self) -> None:
        with self._precision():
            fake = self._fresh_fakes
            if fake is None:
                fake = self.generator(self.latents(self.config.batch_size, self.random.noise_g))
            logits = self.discriminator(self._blur(fake.float())).float()
        loss = self.loss.generator(logits)
        norm = _descend(loss, self._parameters_g, self.optimizer_g)
        self._figures[4:] = torch.stack((loss.detach(), norm))

    def _penalty_is_due(self) -> bool:
        """Lazy regularisation (Karras et al., 2020): at each n-th step of D, the first included."""
        return (self.images // self.config.batch_size - 1) % self.config.penalty.every == 0

    def latents(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` latent vectors z from `generator`, on its device: (n, latent.dim)."""
        z = torch.empty(n, self.config.latent.dim, device=generator.device)
        if self.config.latent.distribution == "normal":
            return z.normal_(generator=generator)
        return z.uniform_(-1, 1, generator=generator)

    def _blur(self, x: Tensor) -> Tensor:
        """Instance noise (Sønderby et al., 2017): what D sees, with noise that fades to none over the run."""
        sigma = self.config.instance_noise * max(0.0, 1 - self.progress)
        if not sigma:
            return x
        return x + sigma * torch.empty_like(x).normal_(generator=self.random.instance)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16")

    def _set_rates(self) -> None:
        factor = max(0.0, 1 - self.progress) if self.config.lr_decay == "linear" else 1.0
        optimizers.retune(self.optimizer_d, self.config.optimizer_d, factor)
        optimizers.retune(self.optimizer_g, self.config.optimizer_g, factor)

    # ---- where the run stands ------------------------------------------------------------------------------------

    @property
    def total_steps(self) -> int:
        return self.config.total_steps(len(self.dataset))

    @property
    def epoch(self) -> float:
        return self.images / len(self.dataset)

    @property
    def progress(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        return min(1.0, self.steps / self.total_steps)

    # ---- making samples ------------------------------------------------------------------------------------------

    @torch.no_grad()
    def generate(self, n: int = 64, seed: int = 0, raw: bool = False) -> Tensor:
        """`n` samples from latents of their own `seed`: (n, C, H, W) in [0, 1], or (n, 2); float32 on the CPU.

        They come from the moving average of G's weights where there is one, unless `raw` asks for G itself. The same
        seed gives the same latents on every device, at every step.
        """
        return self.decode(self.latents(n, stream(seed, "display")), raw)

    @torch.no_grad()
    def decode(self, z: Tensor, raw: bool = False) -> Tensor:
        """G's samples for the latents `z` (n, latent.dim): (n, C, H, W) in [0, 1], or (n, 2); float32 on the CPU."""
        network = self.generator if raw or self.ema is None else self.ema
        with evaluating(network):
            parts = [network(part.to(self.device)) for part in z.split(500)]
        return to_unit(torch.cat(parts), self.config.generator.output).cpu()

    # ---- saving --------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on; tensors and plain values only."""
        return {name: part.state_dict() for name, part in self._parts().items()} | {
            "steps": self.steps,
            "images": self.images,
            "figures": self._figures.clone(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand exactly where the trainer stood that wrote `state`.

        Raises:
            RuntimeError: the state is of networks of another shape.
        """
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.steps, self.images = state["steps"], state["images"]
        self._figures = state["figures"].to(self.device)
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


def _descend(loss: Tensor, parameters: list[nn.Parameter], optimizer: torch.optim.Optimizer) -> Tensor:
    """One step of `optimizer` down the gradient of `loss`, for these parameters only; the gradient's norm."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward(inputs=parameters)
    norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    optimizer.step()
    return norm


class evaluating:  # noqa: N801  (reads as a statement: `with evaluating(network):`)
    """Within this block the network neither drops units nor gathers statistics; afterwards it is as it was."""

    def __init__(self, *networks: nn.Module) -> None:
        self.networks = networks

    def __enter__(self) -> None:
        self._modes = [network.training for network in self.networks]
        for network in self.networks:
            network.eval()

    def __exit__(self, *_: object) -> None:
        for network, mode in zip(self.networks, self._modes, strict=True):
            network.train(mode)


class judging(evaluating):  # noqa: N801
    """Within this block D judges a batch as it does in training, by the batch's own statistics, and gathers none.

    D only ever sees batches that are all real or all fake. The running statistics of its normalisations mix the two,
    and by them it would call nearly everything fake.
    """

    def __enter__(self) -> None:
        super().__enter__()
        self._norms = [m for network in self.networks for m in network.modules() if isinstance(m, _BatchNorm)]
        for norm in self._norms:
            norm.training, norm.track_running_stats = True, False

    def __exit__(self, *error: object) -> None:
        for norm in self._norms:
            norm.track_running_stats = True
        super().__exit__(*error)


def find_device(name: str) -> torch.device:
    """The device that `name` means. Raises `ValueError` where this machine has none such."""
    cuda = torch.cuda.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f'"{name}" is not a device; use auto, cpu, cuda or cuda:1') from None
    if device.type == "cuda" and (not cuda or (device.index or 0) >= torch.cuda.device_count()):
        raise ValueError(f'"{name}" is not here: {torch.cuda.device_count()} CUDA devices found; use auto or cpu')
    return device


def describe_device(device: torch.device) -> str:
    """The device in words: "CPU", or the name of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def _forbid_nondeterminism() -> None:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # asked for by cuBLAS (docs: Results reproducibility)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False

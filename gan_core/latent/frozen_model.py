"""A trained pair of networks to look at: frozen, so that any thread may call it while training goes on elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gan_core import models
from gan_core.config import TrainConfig
from gan_core.config.sections import LatentConfig
from gan_core.data.ranges import to_bytes, to_model, to_unit
from gan_core.models.families.stylegan import StyleGenerator
from gan_core.models.network import Discriminator, Generator
from gan_core.models.sampling import DISPLAY, classes_in_turn, draw_latents
from gan_core.models.sgan import Discriminators, Generators
from gan_core.system.random_streams import stream
from gan_core.training.trainer import Trainer

State = Mapping[str, Tensor]
Label = int | Sequence[int] | Tensor | None
Styles = Sequence[Tensor | None] | None
_AT_ONCE = 250  # samples made or judged at a time
_COMPANIONS = 64  # generated samples among which D judges

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of a run at one step. Nobody writes them any more, so models may share them."""

    config: TrainConfig
    step: int
    generator: State
    discriminator: State
    ema: State | None = None

    @classmethod
    def of(cls, trainer: Trainer, copy: bool = True) -> Weights:
        """The trainer's present weights; copied, unless it will never step again. For the thread that trains."""

        def state(network: nn.Module) -> State:
            return {name: value.detach().clone() if copy else value for name, value in network.state_dict().items()}

        ema = None if trainer.ema is None else state(trainer.ema)
        return cls(trainer.config, trainer.steps, state(trainer.generator), state(trainer.discriminator), ema)

    def model(self, name: str, raw: bool = False, device: torch.device | str | None = None) -> Model:
        """The networks with these weights, G's averaged ones unless `raw`. Raises `RuntimeError` if they do not fit."""
        return Model(self, name, raw, device)


class Model:
    """A frozen generator and discriminator, in evaluation mode, without gradients of their own; safe in any thread.

    Latents z are float (n, z_size). A `label` is one class for all samples, or a class for each; None makes every class
    in turn where G is told one, and is ignored where it is not.

    Attributes:
        config, step: of the run they come from.
        weights: "ema" for the moving average of G's weights, "raw" for G as it trains.
        name: for titles.
        z_size: how many numbers a latent has.
        classes: names of the classes that G is told of; () without a condition.
        layers: how many layers of a style-based G take a style; 0 for all others.
    """

    def __init__(
        self, weights: Weights, name: str, raw: bool = False, device: torch.device | str | None = None
    ) -> None:
        self.config, self.step, self.name = weights.config, weights.step, name
        self.weights: Literal["ema", "raw"] = "raw" if raw or weights.ema is None else "ema"
        self.z_size, self.classes = self.config.latent.dim, self.config.classes
        generator, discriminator = models.build_meta(self.config)
        state = weights.generator if self.weights == "raw" or weights.ema is None else weights.ema
        self.generator: Generator = _shown(_frozen(generator, state, device))
        self.discriminator: Discriminator = _shown(_frozen(discriminator, weights.discriminator, device))
        self.device = next(self.generator.parameters()).device
        self.styled = self.generator.layers if isinstance(self.generator.layers, StyleGenerator) else None
        self.layers = self.styled.layers if self.styled else 0
        self._lock = threading.RLock()
        self._known: dict[Hashable, Any] = {}

    # ---- G -------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def decode(self, z: Tensor, label: Label = None, styles: Styles = None, psi: float = 1.0) -> Tensor:
        """G's samples for latents z: (n, C, H, W) in [0, 1], or (n, 2); float32 on the CPU.

        Args:
            styles: style-based G only: for each of the `layers` the latent (z_size,) or (n, z_size) that it takes its
                style from in place of z, or None.
            psi: style-based G only: 1 changes nothing, 0 gives the mean picture (truncation).

        Raises:
            ValueError: latents, classes or styles of the wrong number.
        """
        z, y = self.latents(z), self.labels(label, len(z))
        parts = []
        for rows in torch.arange(len(z), device=self.device).split(_AT_ONCE):
            own = styles and [each if each is None or each.ndim == 1 else each[rows.cpu()] for each in styles]
            parts.append(self.generate(z[rows], None if y is None else y[rows], own, psi))
        return torch.cat(parts).cpu()

    def pictures(self, z: Tensor, label: Label = None, styles: Styles = None, psi: float = 1.0) -> np.ndarray:
        """What `decode` gives, to be shown: (n, H, W, C) uint8, or (n, 2) float32."""
        return shown(self.decode(z, label, styles, psi))

    def generate(self, z: Tensor, y: Tensor | None = None, styles: Styles = None, psi: float = 1.0) -> Tensor:
        """As `decode`, for latents and classes on the device, all at once, and gradients may pass."""
        return to_unit(self._raw(z, y, styles, psi), self.config.generator.output)

    def _raw(self, z: Tensor, y: Tensor | None, styles: Styles, psi: float) -> Tensor:
        if self.styled is None:
            samples: Tensor = self.generator(z, y)
            return samples
        if styles and len(styles) != self.layers:
            raise ValueError(f"this model has {self.layers} style layers, and {len(styles)} styles were given")
        w = self._style(z, y, psi)
        mixed = [w if own is None else self._style(self.latents(own).expand_as(z), y, psi) for own in styles or ()]
        return self.styled.synthesise(torch.stack(mixed or [w] * self.layers, dim=1))

    def _style(self, z: Tensor, y: Tensor | None, psi: float) -> Tensor:
        assert self.styled is not None
        return self.styled.truncate(self.styled.map(self.generator.inputs(z, y)), psi)

    # ---- D -------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def scores(self, samples: Tensor | np.ndarray, label: Label = None) -> np.ndarray:
        """D's logit of each sample, (n,) float32: the higher, the more real it looks to D.

        A D with a batch layer judges them among 64 generated samples, as in training, where it never sees one alone.

        Args:
            samples: as `decode` or `pictures` gives them.
        """
        x = self.samples(samples)
        y = self.labels(label, len(x))
        rows = torch.arange(len(x), device=self.device).split(_AT_ONCE)
        return torch.cat([self.logits(x[r], None if y is None else y[r]) for r in rows]).cpu().numpy()

    def logits(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """As `scores`, for samples and classes on the device, all at once, and gradients may pass: (n,)."""
        judge, features = self._scorer(), self.features(x, y)
        among = judge.across(torch.cat((features, self._companion_features())))[: len(x)]
        logits: Tensor = judge.condition.condition_logits(judge.head(among), among, y)
        return logits

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """D's last features of samples on the device: (n, F)."""
        return _features(self._scorer(), self.to_discriminator_range(x), y)

    def to_discriminator_range(self, x: Tensor) -> Tensor:
        """Samples in [0, 1] in the range that the networks know."""
        return x * 2 - 1 if x.ndim == 4 and self.config.generator.output == "tanh" else x

    def _scorer(self) -> Discriminator:
        """D with the statistics of a batch of fakes in its normalisations.

        Its running ones mix real and fake batches, and by them it would call nearly everything fake.
        """
        return self.remember("judge", self._make_scorer)

    @torch.no_grad()
    def _make_scorer(self) -> Discriminator:
        norms = [module for module in self.discriminator.modules() if isinstance(module, _BatchNorm)]
        for norm in norms:
            norm.training, norm.momentum = True, 1.0  # takes the next batch's statistics whole
        if norms:
            self.discriminator(*self._fakes())
        for norm in norms:
            norm.training = False
        return self.discriminator

    def _companion_features(self) -> Tensor:
        """D's features of the fakes among which it judges, which do not change: (64, F)."""
        with torch.no_grad():
            return self.remember("company", lambda: _features(self._scorer(), *self._fakes()))

    def _fakes(self) -> tuple[Tensor, Tensor | None]:
        return self.to_discriminator_range(self.decode(draw(self, _COMPANIONS, 0)).to(self.device)), self.labels(
            None, _COMPANIONS
        )

    # ---- what both are given -------------------------------------------------------------------------------------

    def latents(self, z: Tensor) -> Tensor:
        """Latents as float32 on the device. Raises `ValueError` unless they have `z_size` numbers each."""
        if z.shape[-1] != self.z_size:
            raise ValueError(f"this model's latents have {self.z_size} numbers, and {z.shape[-1]} were given")
        return z.to(self.device, torch.float32)

    def labels(self, label: Label, n: int) -> Tensor | None:
        """Classes for n samples, on the device: (n,); None without a condition. Raises `ValueError` on unknown ones."""
        if not self.classes:
            return None
        y = classes_in_turn(self.config, n) if label is None else torch.as_tensor(label).expand(n).long()
        assert y is not None
        if n and not 0 <= int(y.min()) <= int(y.max()) < len(self.classes):
            raise ValueError(f"this model has {len(self.classes)} classes, numbered from 0; got {y.tolist()[:10]}")
        return y.to(self.device)

    def samples(self, samples: Tensor | np.ndarray) -> Tensor:
        """Samples as `decode` or `pictures` gives them -> float32 on the device: (n, C, H, W) in [0, 1], or (n, 2).

        Raises:
            ValueError: they are of another shape than the model's.
        """
        return as_samples(samples, self.config.shape).to(self.device)

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made once for this model."""
        with self._lock:
            if key not in self._known:
                self._known[key] = make()
            found: T = self._known[key]
            return found


def draw(of: Model | int, n: int, seed: int) -> Tensor:
    """`n` latents (n, z_size) on the CPU: those of `Trainer.generate(n, seed)`, so a seed means the same everywhere.

    `of` is a model, or a size for latents from N(0, 1).
    """
    latent = LatentConfig(dim=of) if isinstance(of, int) else of.config.latent
    return draw_latents(latent, n, stream(seed, DISPLAY))


def shown(samples: Tensor) -> np.ndarray:
    """Samples as `Model.decode` gives them, to be shown: (n, H, W, C) uint8, or (n, 2) float32."""
    return to_bytes(samples).numpy() if samples.ndim == 4 else samples.numpy()


def as_samples(samples: Tensor | np.ndarray, shape: tuple[int, ...]) -> Tensor:
    """What `Model.decode` or `Model.pictures` gives -> float32 (n, C, H, W) in [0, 1], or (n, 2).

    Raises:
        ValueError: they are not of this `shape`, (C, H, W) or (2,).
    """
    if isinstance(samples, np.ndarray):
        tensor = torch.from_numpy(np.ascontiguousarray(samples))
        samples = tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor
    if samples.shape[1:] != shape:
        wanted, got = (" x ".join(map(str, each)) for each in (shape, samples.shape[1:]))
        raise ValueError(f"samples of shape {wanted} are wanted, and {got} was given")
    return to_model(samples, "sigmoid").float()


def _features(discriminator: Discriminator, seen: Tensor, y: Tensor | None) -> Tensor:
    features: Tensor = discriminator.features(discriminator.condition.condition_input(seen, y))
    return features


def _frozen(network: nn.Module, state: State, device: torch.device | str | None) -> nn.Module:
    full = {
        name: value.to(device, torch.float32 if value.is_floating_point() else None) for name, value in state.items()
    }
    network.load_state_dict(full, assign=True)
    return network.eval().requires_grad_(False)


def _shown(network: Any) -> Any:
    """The network that is looked at: of SGAN's pairs, the shown one."""
    return network.shown if isinstance(network, Generators | Discriminators) else network

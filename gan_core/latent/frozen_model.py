"""A frozen pair of trained networks, which any thread may call while training continues on other weights."""

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
_BATCH = 250  # samples per forward pass
_REMEMBERED = 40  # results of a model, some of which are pages of pictures
_COMPANIONS = 64  # generated samples in D's batch beside the given ones

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of a run at one step. They never change, so models may share them."""

    config: TrainConfig
    step: int
    generator: State
    discriminator: State
    ema: State | None = None
    attribute_directions: Tensor | None = None  # (k, z_size): see `gan_core.latent.attribute_directions`

    @classmethod
    def of(cls, trainer: Trainer, copy: bool = True) -> Weights:
        """The trainer's current weights. Copy unless the trainer never steps again. Call on the training thread."""

        def state(network: nn.Module) -> State:
            return {name: value.detach().clone() if copy else value for name, value in network.state_dict().items()}

        ema = None if trainer.ema is None else state(trainer.ema)
        return cls(trainer.config, trainer.steps, state(trainer.generator), state(trainer.discriminator), ema)

    def model(self, name: str, raw: bool = False, device: torch.device | str | None = None) -> Model:
        """A model with these weights; G's averaged ones unless `raw`. Raises `RuntimeError` if they do not fit."""
        return Model(self, name, raw, device)


class Model:
    """A frozen generator and discriminator in evaluation mode, whose parameters need no gradients; thread-safe.

    Latents z are float (n, z_size). A `label` is one class for all samples or one class per sample. None gives every
    class in turn. An unconditional model ignores it.

    Attributes:
        config, step: of the run.
        weights: "ema" for the moving average of G's weights, "raw" for the weights in training.
        name: for titles.
        z_size: size of a latent.
        classes: class names; () if unconditional.
        attribute_directions: unit vectors (k, z_size) that were measured to change an attribute; None if none were.
        layers: number of layers of a style-based G that take a style; 0 for other families.
    """

    def __init__(
        self, weights: Weights, name: str, raw: bool = False, device: torch.device | str | None = None
    ) -> None:
        self.config, self.step, self.name = weights.config, weights.step, name
        self.weights: Literal["ema", "raw"] = "raw" if raw or weights.ema is None else "ema"
        self.z_size, self.classes = self.config.latent.dim, self.config.classes
        self.attribute_directions = weights.attribute_directions
        generator, discriminator = models.build_meta(self.config)
        state = weights.generator if self.weights == "raw" or weights.ema is None else weights.ema
        self.generator: Generator = _global_network(_frozen(generator, state, device))
        self.discriminator: Discriminator = _global_network(_frozen(discriminator, weights.discriminator, device))
        self.device = next(self.generator.parameters()).device
        self.styled = self.generator.layers if isinstance(self.generator.layers, StyleGenerator) else None
        self.layers = self.styled.layers if self.styled else 0
        self._lock = threading.RLock()
        self._cache: dict[Hashable, Any] = {}

    # ---- G -------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def decode(self, z: Tensor, label: Label = None, styles: Styles = None, psi: float = 1.0) -> Tensor:
        """G's samples for latents z: (n, C, H, W) in [0, 1], or (n, 2); float32 on the CPU.

        Args:
            styles: style-based G only: for each of the `layers`, the latent (z_size,) or (n, z_size) of its style, or
                None for z.
            psi: style-based G only: truncation; 1 changes nothing, 0 gives the mean picture.

        Raises:
            ValueError: latents, classes or styles have the wrong size or range.
        """
        z, y = self.latents(z), self.labels(label, len(z))
        parts = []
        for rows in torch.arange(len(z), device=self.device).split(_BATCH):
            batch_styles = styles and [each if each is None or each.ndim == 1 else each[rows.cpu()] for each in styles]
            parts.append(self.generate(z[rows], None if y is None else y[rows], batch_styles, psi))
        return torch.cat(parts).cpu()

    def pictures(self, z: Tensor, label: Label = None, styles: Styles = None, psi: float = 1.0) -> np.ndarray:
        """`decode` as pictures: (n, H, W, C) uint8, or (n, 2) float32."""
        return to_pictures(self.decode(z, label, styles, psi))

    def generate(self, z: Tensor, y: Tensor | None = None, styles: Styles = None, psi: float = 1.0) -> Tensor:
        """As `decode`, but differentiable, in one batch, for latents and classes on the device."""
        return to_unit(self._raw(z, y, styles, psi), self.config.generator.output)

    def _raw(self, z: Tensor, y: Tensor | None, styles: Styles, psi: float) -> Tensor:
        if self.styled is None:
            return self.generator(z, y)
        if styles and len(styles) != self.layers:
            raise ValueError(f"this model has {self.layers} style layers, got {len(styles)} styles")
        w = self._style(z, y, psi)
        mixed = [w if s is None else self._style(self.latents(s).expand_as(z), y, psi) for s in styles or ()]
        return self.styled.synthesise(torch.stack(mixed or [w] * self.layers, dim=1))

    def _style(self, z: Tensor, y: Tensor | None, psi: float) -> Tensor:
        assert self.styled is not None
        return self.styled.truncate(self.styled.map(self.generator.inputs(z, y)), psi)

    # ---- D -------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def scores(self, samples: Tensor | np.ndarray, label: Label = None) -> np.ndarray:
        """D's logit of each sample, (n,) float32: the higher, the more real.

        A batch layer compares them with 64 generated samples, because D never sees a single sample in training.

        Args:
            samples: as returned by `decode` or `pictures`.
        """
        x = self.samples(samples)
        y = self.labels(label, len(x))
        rows = torch.arange(len(x), device=self.device).split(_BATCH)
        return torch.cat([self.logits(x[r], None if y is None else y[r]) for r in rows]).cpu().numpy()

    def logits(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """As `scores`, but differentiable, in one batch, for samples and classes on the device: (n,)."""
        scorer, features = self._scorer(), self.features(x, y)
        compared = scorer.across(torch.cat((features, self._companion_features())))[: len(x)]
        return scorer.condition.condition_logits(scorer.head(compared), compared, y)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """D's last features of samples on the device: (n, F)."""
        return _features(self._scorer(), self.to_discriminator_range(x), y)

    def to_discriminator_range(self, x: Tensor) -> Tensor:
        """Samples in [0, 1], rescaled to the range of the networks."""
        return x * 2 - 1 if x.ndim == 4 and self.config.generator.output == "tanh" else x

    def _scorer(self) -> Discriminator:
        """D with the batch statistics of a batch of fakes.

        Its running statistics mix real and fake batches, and with them D would score almost everything as fake.
        """
        return self.remember("scorer", self._make_scorer)

    @torch.no_grad()
    def _make_scorer(self) -> Discriminator:
        norms = [module for module in self.discriminator.modules() if isinstance(module, _BatchNorm)]
        for norm in norms:
            norm.training, norm.momentum = True, 1.0  # replaces the running statistics by those of the next batch
        if norms:
            self.discriminator(*self._fakes())
        for norm in norms:
            norm.training = False
        return self.discriminator

    def _companion_features(self) -> Tensor:
        """D's features of the generated samples in its batch, computed once: (64, F)."""
        with torch.no_grad():
            return self.remember("companions", lambda: _features(self._scorer(), *self._fakes()))

    def _fakes(self) -> tuple[Tensor, Tensor | None]:
        return self.to_discriminator_range(self.decode(draw(self, _COMPANIONS, 0)).to(self.device)), self.labels(
            None, _COMPANIONS
        )

    # ---- inputs --------------------------------------------------------------------------------------------------

    def latents(self, z: Tensor) -> Tensor:
        """Latents as float32 on the device. Raises `ValueError` unless their size is `z_size`."""
        if z.shape[-1] != self.z_size:
            raise ValueError(f"this model's latents have size {self.z_size}, got {z.shape[-1]}")
        return z.to(self.device, torch.float32)

    def labels(self, label: Label, n: int) -> Tensor | None:
        """Classes for n samples, on the device: (n,); None if unconditional. Raises `ValueError` for an unknown one."""
        if not self.classes:
            return None
        y = classes_in_turn(self.config, n) if label is None else torch.as_tensor(label).expand(n).long()
        assert y is not None
        if n and not 0 <= int(y.min()) <= int(y.max()) < len(self.classes):
            raise ValueError(f"this model has {len(self.classes)} classes, numbered from 0; got {y.tolist()[:10]}")
        return y.to(self.device)

    def samples(self, samples: Tensor | np.ndarray) -> Tensor:
        """Samples from `decode` or `pictures` -> float32 on the device: (n, C, H, W) in [0, 1], or (n, 2).

        Raises `ValueError` if they differ in shape from the model's samples.
        """
        return as_samples(samples, self.config.shape).to(self.device)

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of `make`, computed once per key unless it is among the keys that were used least recently."""
        with self._lock:
            value = self._cache.pop(key) if key in self._cache else make()
            self._cache[key] = value  # the last used is the last
            while len(self._cache) > _REMEMBERED:
                del self._cache[next(iter(self._cache))]
            return value


def draw(model: Model, n: int, seed: int) -> Tensor:
    """`n` latents (n, z_size) on the CPU, the same as in `Trainer.generate(n, seed)`."""
    return draw_latents(model.config.latent, n, stream(seed, DISPLAY))


def to_pictures(samples: Tensor) -> np.ndarray:
    """Samples from `Model.decode` as pictures: (n, H, W, C) uint8, or (n, 2) float32."""
    return to_bytes(samples).numpy() if samples.ndim == 4 else samples.numpy()


def as_samples(samples: Tensor | np.ndarray, shape: tuple[int, ...]) -> Tensor:
    """Samples from `Model.decode` or `Model.pictures` -> float32 (n, C, H, W) in [0, 1], or (n, 2).

    Raises `ValueError` if their shape is not `shape`, (C, H, W) or (2,).
    """
    if isinstance(samples, np.ndarray):
        tensor = torch.from_numpy(np.ascontiguousarray(samples))
        samples = tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor
    if samples.shape[1:] != shape:
        expected, got = (" x ".join(map(str, each)) for each in (shape, samples.shape[1:]))
        raise ValueError(f"expected samples of shape {expected}, got {got}")
    return to_model(samples, "sigmoid").float()


def _features(discriminator: Discriminator, x: Tensor, y: Tensor | None) -> Tensor:
    return discriminator.features(discriminator.condition.condition_input(x, y))


def _frozen(network: nn.Module, state: State, device: torch.device | str | None) -> nn.Module:
    full = {
        name: value.to(device, torch.float32 if value.is_floating_point() else None) for name, value in state.items()
    }
    network.load_state_dict(full, assign=True)
    return network.eval().requires_grad_(False)


def _global_network(network: Any) -> Any:
    return network.shown if isinstance(network, Generators | Discriminators) else network

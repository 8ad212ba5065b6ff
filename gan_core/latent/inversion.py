"""GAN inversion: find the latent z whose sample is closest to a given picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from gan_core.config import TrainConfig
from gan_core.data import decoding
from gan_core.latent.frozen_model import Label, Model, to_pictures
from gan_core.models.sampling import draw_latents
from gan_core.system.random_streams import stream

STEPS, RESTARTS = 300, 8
_CANDIDATES = 32  # random latents per restart; the search starts from the best ones
_RATE = 0.1  # learning rate of Adam, with a cosine decay to 0
_FEATURES = 0.003  # weight of the relative distance in D's features
_PRIOR = 0.002  # weight of the penalty on the length of z
_REPORT_EVERY = 10  # steps


@dataclass(frozen=True, eq=False)
class Inversion:
    """The state of a search."""

    z: Tensor  # (z_size,): the best latent so far
    picture: np.ndarray  # (H, W, C) uint8, or (2,) float32: its sample
    target: np.ndarray  # the target, in the same form
    error: float  # mean squared difference of the pixels in [0, 1]
    step: int
    steps: int

    @property
    def done(self) -> bool:
        return self.step >= self.steps


def invert(
    model: Model,
    target: Tensor,
    steps: int = STEPS,
    restarts: int = RESTARTS,
    seed: int = 0,
    label: Label = None,
) -> Iterator[Inversion]:
    """Search for the z whose sample is closest to `target`, (C, H, W) in [0, 1] or (2,); yields progress reports.

    Adam optimizes several latents at once for the distance in pixels and in D's last features (Zhu et al., 2016). They
    start from the best of a few hundred random latents. Latents much longer than those in training are penalized.
    The same seed finds the same latent on a given machine.

    Args:
        label: the class to generate, by default the first; ignored by an unconditional model.

    Raises:
        ValueError: the target differs in shape from the model's samples.
    """
    target = model.samples(target[None])
    y = model.labels(0 if label is None else label, 1)
    search = _Search(model, target, y)
    rng = stream(seed, "inversion")
    z = search.best_of(draw_latents(model.config.latent, _CANDIDATES * restarts, rng).to(model.device), restarts)
    z.requires_grad_()
    optimizer = torch.optim.Adam([z], lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    best_z, best_error = z[0].detach().clone(), float("inf")
    for step in range(steps + 1):
        cost, error = search.costs(z)
        if float(error.min()) < best_error:
            best_z, best_error = z[error.argmin()].detach().clone(), float(error.min())
        if step % _REPORT_EVERY == 0 or step == steps:
            yield _report(model, best_z, y, target, best_error, step, steps)
        if step < steps:
            (z.grad,) = torch.autograd.grad(cost.sum(), z)
            optimizer.step()
            schedule.step()
            search.clamp_to_prior(z)


class _Search:
    """The cost of latents for one target (1, C, H, W) or (1, 2)."""

    def __init__(self, model: Model, target: Tensor, y: Tensor | None) -> None:
        self._model, self._target, self._y = model, target, y
        self._uniform = model.config.latent.distribution == "uniform"
        with torch.no_grad():
            self._features = model.features(target, y)
            self._scale = self._features.square().mean().clamp(min=1e-6)

    def costs(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The total cost (n,) and the pixel error (n,) of latents (n, z_size)."""
        y = None if self._y is None else self._y.expand(len(z))
        samples = self._model.generate(z, y)
        error = (samples - self._target).square().flatten(1).mean(1)
        features = (self._model.features(samples, y) - self._features).square().mean(1) / self._scale
        excess = z.square().mean(1) - 1
        prior = 0.0 if self._uniform else F.relu(excess).square()
        return error + _FEATURES * features + _PRIOR * prior, error.detach()

    @torch.no_grad()
    def best_of(self, z: Tensor, n: int) -> Tensor:
        costs = torch.cat([self.costs(part)[0] for part in z.split(64)])
        return z[costs.argsort()[:n]].clone()

    @torch.no_grad()
    def clamp_to_prior(self, z: Tensor) -> None:
        """Keep z in [-1, 1] under a uniform prior."""
        if self._uniform:
            z.clamp_(-1, 1)


def _report(
    model: Model, z: Tensor, y: Tensor | None, target: Tensor, error: float, step: int, steps: int
) -> Inversion:
    with torch.no_grad():
        picture = model.generate(z[None], y).cpu()
    return Inversion(z.cpu(), to_pictures(picture)[0], to_pictures(target.cpu())[0], error, step, steps)


def prepare(image: bytes | BinaryIO | Image.Image | np.ndarray, config: TrainConfig) -> Tensor:
    """A picture in the form of the model's samples: centre crop, resized, grey or RGB; (C, H, W) in [0, 1].

    Args:
        image: the bytes of a file; an open file; a Pillow image; or a uint8 array (H, W), (H, W, 3) or (H, W, 4).

    Raises:
        ValueError: the file is no picture, is damaged, is too small or has too many pixels; or the model makes points.
    """
    if config.dataset.kind != "images":
        raise ValueError("This model makes points in the plane, so it has no latent for a picture.")
    try:
        if isinstance(image, Image.Image | np.ndarray):
            picture = decoding.crop(_as_image(image), config.shape)
        else:
            picture = decoding.read(io.BytesIO(image) if isinstance(image, bytes) else image, config.shape)
    except decoding.UnusableImageError as reason:
        raise ValueError(f"This picture cannot be used ({reason}). Choose another picture, such as a JPEG.") from None
    return torch.from_numpy(np.ascontiguousarray(picture)).float() / 255


def _as_image(image: Image.Image | np.ndarray) -> Image.Image:
    if isinstance(image, Image.Image):
        return image
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (3, 4))):
        raise ValueError(
            f"This array is no picture: it must be uint8 (H, W), (H, W, 3) or (H, W, 4), not {image.shape}."
        )
    return Image.fromarray(image)

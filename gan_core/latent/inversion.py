"""From a picture back to a latent: the z whose sample comes nearest to a given picture."""

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
from gan_core.data import images
from gan_core.latent.frozen_model import Label, Model, shown
from gan_core.models.sampling import draw_latents
from gan_core.system.random_streams import stream

STEPS, RESTARTS = 300, 8
_CANDIDATES = 32  # latents tried for each restart; the best ones begin
_RATE = 0.1  # of Adam, falling to zero along half a cosine
_FEATURES = 0.003  # weight of the distance in D's features, over their size
_PRIOR = 0.002  # weight of how unlikely the length of z is
_EVERY = 10  # steps between two reports


@dataclass(frozen=True, eq=False)
class Inversion:
    """How far the search has come."""

    z: Tensor  # (z_size,): the best so far
    picture: np.ndarray  # (H, W, C) uint8, or (2,) float32: what G makes of it
    target: np.ndarray  # the same of what is sought
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
    """Search for the z whose sample comes nearest to `target`, (C, H, W) in [0, 1] or (2,); reports as it goes.

    Adam moves several latents at once, down the distance in pixels and in D's last features (Zhu et al., 2016), and the
    best of a few hundred random ones begin. A latent of unlikely length costs a little, since G was trained on none
    such. The same seed finds the same latent on a given machine.

    Args:
        label: the class that G makes, by default the first; of no matter to a model without classes.

    Raises:
        ValueError: the target is of another shape than the model's samples.
    """
    goal = model.samples(target[None])
    y = model.labels(0 if label is None else label, 1)
    search = _Search(model, goal, y)
    chance = stream(seed, "inversion")
    z = search.best_of(draw_latents(model.config.latent, _CANDIDATES * restarts, chance).to(model.device), restarts)
    z.requires_grad_()
    optimizer = torch.optim.Adam([z], lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    best_z, best_error = z[0].detach().clone(), float("inf")
    for step in range(steps + 1):
        cost, error = search.costs(z)
        if float(error.min()) < best_error:
            best_z, best_error = z[error.argmin()].detach().clone(), float(error.min())
        if step % _EVERY == 0 or step == steps:
            yield _report(model, best_z, y, goal, best_error, step, steps)
        if step < steps:
            (z.grad,) = torch.autograd.grad(cost.sum(), z)
            optimizer.step()
            schedule.step()
            search.keep_possible(z)


class _Search:
    """What a latent costs."""

    def __init__(self, model: Model, goal: Tensor, y: Tensor | None) -> None:
        self._model, self._goal, self._y = model, goal, y
        self._uniform = model.config.latent.distribution == "uniform"
        with torch.no_grad():
            self._features = model.features(goal, y)
            self._unit = self._features.square().mean().clamp(min=1e-6)

    def costs(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """For latents (n, z_size): the whole cost (n,), and the error in pixels (n,) in it."""
        y = None if self._y is None else self._y.expand(len(z))
        samples = self._model.generate(z, y)
        error = (samples - self._goal).square().flatten(1).mean(1)
        features = (self._model.features(samples, y) - self._features).square().mean(1) / self._unit
        length = z.square().mean(1) - 1
        prior = 0.0 if self._uniform else F.relu(length).square()
        return error + _FEATURES * features + _PRIOR * prior, error.detach()

    @torch.no_grad()
    def best_of(self, z: Tensor, n: int) -> Tensor:
        costs = torch.cat([self.costs(part)[0] for part in z.split(64)])
        return z[costs.argsort()[:n]].clone()

    @torch.no_grad()
    def keep_possible(self, z: Tensor) -> None:
        """A uniform prior gives nothing outside [-1, 1]."""
        if self._uniform:
            z.clamp_(-1, 1)


def _report(model: Model, z: Tensor, y: Tensor | None, goal: Tensor, error: float, step: int, steps: int) -> Inversion:
    with torch.no_grad():
        picture = model.generate(z[None], y).cpu()
    return Inversion(z.cpu(), shown(picture)[0], shown(goal.cpu())[0], error, step, steps)


def prepare(image: bytes | BinaryIO | Image.Image | np.ndarray, config: TrainConfig) -> Tensor:
    """A picture from outside as the model's samples are: centre cut out, resized, grey or RGB; (C, H, W) in [0, 1].

    Args:
        image: the bytes of a file or a file opened, as uploaded; a Pillow image; or an array (H, W), (H, W, 3) or
            (H, W, 4), uint8.

    Raises:
        ValueError: it is no picture, broken, too small, or of more pixels than are read; or the model makes points.
    """
    if config.dataset.kind != "images":
        raise ValueError("This model makes points in the plane, so it has no latent for a picture.")
    try:
        if isinstance(image, Image.Image | np.ndarray):
            picture = images.cut(_as_image(image), config.shape)
        else:
            picture = images.read(io.BytesIO(image) if isinstance(image, bytes) else image, config.shape)
    except images.Unusable as reason:
        raise ValueError(f"This picture cannot be used ({reason}). Choose a JPEG, PNG, WebP, GIF or BMP.") from None
    return torch.from_numpy(np.ascontiguousarray(picture)).float() / 255


def _as_image(image: Image.Image | np.ndarray) -> Image.Image:
    if isinstance(image, Image.Image):
        return image
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (3, 4))):
        raise ValueError(f"This array is no picture: it needs bytes (H, W), (H, W, 3) or (H, W, 4), not {image.shape}.")
    return Image.fromarray(image)

"""What the plane shows of a 2-D run: D's scores, how G warps the latent space, and the gradients that act on fakes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.models.modes import evaluating
from gan_core.training.trainer import Trainer

SURFACE = 40  # cells along a side of D's surface
GRID = 21  # lines of the latent grid each way
SPREAD = 2.0  # standard deviations of a normal z from the grid's centre to its edge


@dataclass(frozen=True, eq=False)
class Plane:
    """One step of a 2-D run, as arrays that training does not change."""

    extent: np.ndarray  # (4,): x from, x to, y from, y to; the same at every step
    surface: np.ndarray  # (SURFACE, SURFACE): D's score, rows from low y to high y
    grid: np.ndarray  # (GRID, GRID, 2): an even grid of latents after G; (2, GRID, 2) for a 1-D z, else empty
    density: np.ndarray  # of each warped cell: its probability over its area (or length), largest 1
    fakes: np.ndarray  # (n, 2)
    gradient: np.ndarray  # (n, 2): -d loss_G / d x, the direction that lowers G's loss for each fake
    scores: np.ndarray  # (n,): D's score of each fake


def view(trainer: Trainer, z: Tensor) -> Plane:
    """The plane at the trainer's step, with one fake for each latent of `z` (n, latent.dim)."""
    with evaluating(trainer.generator, trainer.discriminator):
        extent = extent_of(trainer.dataset.examples)
        with torch.no_grad():
            fakes = trainer.generator(z.to(trainer.device)).float()
            grid = _warped_grid(trainer)
        gradient, scores = _gradient_and_scores(trainer, fakes)
        surface, density = _surface(trainer, extent), _density(grid, trainer.config)
        return Plane(extent, surface, grid, density, *(x.cpu().numpy() for x in (fakes, gradient, scores)))


def extent_of(examples: Tensor, margin: float = 0.25) -> np.ndarray:
    """A square around the points (N, 2), with a margin on every side: x from, x to, y from, y to."""
    low, high = examples.amin(0), examples.amax(0)
    centre, half = (low + high) / 2, (high - low).max() / 2 * (1 + margin) + 1e-3
    return torch.stack((centre - half, centre + half), dim=1).flatten().cpu().numpy().astype(np.float32)


@torch.no_grad()
def _surface(trainer: Trainer, extent: np.ndarray) -> np.ndarray:
    xs = torch.linspace(float(extent[0]), float(extent[1]), SURFACE)
    ys = torch.linspace(float(extent[2]), float(extent[3]), SURFACE)
    points = torch.cartesian_prod(ys, xs).flip(1).to(trainer.device)  # (SURFACE**2, 2), row by row
    scores = trainer.loss.score(trainer.discriminator(points).float())
    return scores.reshape(SURFACE, SURFACE).cpu().numpy()


def _gradient_and_scores(trainer: Trainer, fakes: Tensor) -> tuple[Tensor, Tensor]:
    """For each fake, the negative gradient of G's loss, and D's score."""
    x = fakes.detach().requires_grad_()
    with torch.enable_grad():
        logits = trainer.discriminator(x).float()
        loss = trainer.loss.generator(logits, _real_logits(trainer, len(x))) * len(x)  # the loss is a mean over fakes
        (gradient,) = torch.autograd.grad(loss, x)
    return -gradient, trainer.loss.score(logits.detach())


@torch.no_grad()
def _real_logits(trainer: Trainer, n: int) -> Tensor | None:
    """D's logits of the first `n` real points, from the start again if they are fewer; None if the loss reads none."""
    if not trainer.loss.needs_real_logits:
        return None
    real = trainer.dataset.examples[torch.arange(n) % len(trainer.dataset)]
    return trainer.discriminator(real.to(trainer.device)).float()


@torch.no_grad()
def _warped_grid(trainer: Trainer) -> np.ndarray:
    if trainer.config.latent.dim > 2:
        return np.empty((0, 0, 2), dtype=np.float32)
    end = SPREAD if trainer.config.latent.distribution == "normal" else 1.0
    line = torch.linspace(-end, end, GRID)
    if trainer.config.latent.dim == 1:
        curve = trainer.generator(line[:, None].to(trainer.device)).float().cpu().numpy()
        return np.stack((curve, curve))  # (2, GRID, 2): a band without width
    z = torch.cartesian_prod(line, line).to(trainer.device)
    return trainer.generator(z).float().reshape(GRID, GRID, 2).cpu().numpy()


def _density(grid: np.ndarray, config: TrainConfig) -> np.ndarray:
    """The probability of each latent cell over its area after G (change of variables); the largest is 1."""
    if min(grid.shape[:2]) < 2:
        return np.empty((0, 0), dtype=np.float32)
    end = SPREAD if config.latent.distribution == "normal" else 0.0  # 0: a uniform z has the same density everywhere
    centres = np.linspace(-end, end, GRID)[:-1] + end / (GRID - 1)
    weights = np.exp(-(centres**2) / 2)
    if len(grid) == 2:
        probability, area = weights[None], np.linalg.norm(np.diff(grid[:1], axis=1), axis=2)
    else:
        rising, falling = grid[1:, 1:] - grid[:-1, :-1], grid[1:, :-1] - grid[:-1, 1:]  # the diagonals of each cell
        probability = np.outer(weights, weights)
        area = np.abs(rising[..., 0] * falling[..., 1] - rising[..., 1] * falling[..., 0]) / 2
    density = probability / np.maximum(area, 1e-6)
    return (density / density.max()).astype(np.float32)


def to_arrays(plane: Plane) -> dict[str, np.ndarray]:
    """The plane as named arrays for safetensors."""
    return {field.name: np.ascontiguousarray(getattr(plane, field.name)) for field in fields(Plane)}

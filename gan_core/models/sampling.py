"""Draw latents and classes, and decode latents to samples."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_core.config import TrainConfig
from gan_core.config.sections import LatentConfig
from gan_core.data.ranges import to_unit
from gan_core.system.arguments import whole_number
from gan_core.system.random_streams import stream

DISPLAY = "display"  # random stream of the latents for a seed, wherever samples are shown
_AT_ONCE = 500  # samples in a forward pass


def draw_latents(latent: LatentConfig, n: int, rng: torch.Generator) -> Tensor:
    """`n` latent vectors z drawn from `rng`, on its device: (n, latent.dim)."""
    z = torch.empty(n, latent.dim, device=rng.device)
    return z.normal_(generator=rng) if latent.distribution == "normal" else z.uniform_(-1, 1, generator=rng)


def recorded_latents(config: TrainConfig) -> Tensor:
    """The latents of the samples that a run shows and records while it trains: (record.samples, latent.dim)."""
    return draw_latents(config.latent, config.record.samples, stream(config.seed, DISPLAY))


def classes_in_turn(config: TrainConfig, n: int, label: int | None = None) -> Tensor | None:
    """Classes for `n` displayed samples: every class in turn, or only `label`; None if unconditional.

    Raises `ValueError` if there is no class `label`.
    """
    if label is not None and whole_number("label", label, low=0) >= len(config.classes):
        raise ValueError(f"there is no class {label}: this GAN has {len(config.classes)} classes, numbered from 0")
    if not config.classes:
        return None
    return torch.arange(n) % len(config.classes) if label is None else torch.full((n,), label)


@torch.no_grad()
def decode(network: nn.Module, z: Tensor, y: Tensor | None, config: TrainConfig) -> Tensor:
    """A generator's samples for latents `z` (n, latent.dim) and classes `y` (n,): in [0, 1], or points, on the CPU.

    The network is in evaluation mode. Raises `ValueError` if the latents have another shape.
    """
    if z.ndim != 2 or z.shape[1] != config.latent.dim:
        raise ValueError(f"latents must have the shape (n, {config.latent.dim}), not {tuple(z.shape)}")
    device = next(network.parameters()).device
    samples = torch.empty(len(z), *config.shape, dtype=torch.float32)
    for rows in torch.arange(len(z)).split(_AT_ONCE):
        part = network(z[rows].to(device), None if y is None else y[rows].to(device))
        samples[rows] = to_unit(part, config.generator.output).cpu()
    return samples

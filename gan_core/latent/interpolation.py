"""Interpolation between latents, latent arithmetic and resampling. Networks are not needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from gan_core.latent.frozen_model import Model, draw

Kind = Literal["spherical", "linear"]
MAX_POINTS = 8


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Linear interpolation from a (z,) at t = 0 to b (z,) at t = 1: (m, z) for t (m,)."""
    return _exact_ends(a + t[:, None] * (b - a), a, b, t)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Spherical interpolation from a (z,) at t = 0 to b (z,) at t = 1: (m, z) for t (m,). Shoemake (1985).

    A straight line between Gaussian latents passes through latents shorter than any in training. Here the angle and the
    norm change linearly. Opposite vectors turn through a direction orthogonal to both. If there is none (z_size 1), or
    if a vector is zero, the interpolation is linear.
    """
    (u, length_a), (v, length_b) = _direction(a), _direction(b)
    normal = _orthogonal(u, v)
    if not length_a or not length_b or normal is None:
        return lerp(a, b, t)
    angle = torch.atan2((v @ normal).abs(), v @ u)
    rotated = torch.outer(torch.cos(t.double() * angle), u) + torch.outer(torch.sin(t.double() * angle), normal)
    lengths = length_a + t.double() * (length_b - length_a)
    return _exact_ends((rotated * lengths[:, None]).to(a.dtype), a, b, t)


def path(points: Tensor, frames: int, kind: Kind = "spherical", loop: bool = False) -> Tensor:
    """A path through 2 to 8 points (k, z), with equally many frames per segment: (frames, z).

    An open path starts at the first point and ends at the last. A loop slows down at each point, so that its direction
    changes smoothly; its last frame continues to its first.

    Raises `ValueError` if the number of points is not 2 to 8, or `frames` is below 1.
    """
    if not 2 <= len(points) <= MAX_POINTS:
        raise ValueError(f"a path needs 2 to {MAX_POINTS} points, got {len(points)}")
    if frames < 1:
        raise ValueError("a path needs at least one frame")
    between = {"spherical": slerp, "linear": lerp}[kind]
    ends = torch.cat((points, points[:1])) if loop else points
    segments = len(ends) - 1
    position = torch.arange(frames) * segments / frames if loop else torch.linspace(0, segments, frames)
    segment = position.long().clamp(max=segments - 1)
    t = position - segment
    t = t * t * (3 - 2 * t) if loop else t
    return torch.cat([between(ends[k], ends[k + 1], t[segment == k]) for k in range(segments)])


def arithmetic(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Radford et al. (2016), section 6.3.2: mean of a (n, z) - mean of b (m, z) + mean of c (k, z) -> (z,).

    An empty set counts as zero.
    """
    mean_a, mean_b, mean_c = (x.mean(0) if len(x) else x.new_zeros(x.shape[1]) for x in (a, b, c))
    return mean_a - mean_b + mean_c


def resample(z: Tensor, locked: Sequence[int], seed: int, model: Model) -> Tensor:
    """`z` (z_size,) with new random coordinates except at the indices `locked`. Without any it equals `draw`."""
    kept = list(locked)
    fresh = draw(model, 1, seed)[0].to(z)
    fresh[kept] = z[kept]
    return fresh


def _direction(x: Tensor) -> tuple[Tensor, Tensor]:
    length = x.double().norm()
    return x.double() / length.clamp(min=1e-300), length


def _orthogonal(u: Tensor, v: Tensor) -> Tensor | None:
    """The unit vector orthogonal to u in the plane of u and v; any such if v is u or -u; None for z_size 1."""
    normal = v - (v @ u) * u
    if normal.norm() > 1e-7:
        return normal / normal.norm()
    if len(u) == 1:
        return None
    axis = torch.zeros_like(u)
    axis[u.abs().argmin()] = 1
    normal = axis - (axis @ u) * u
    return normal / normal.norm()


def _exact_ends(points: Tensor, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    t = t[:, None]
    return torch.where(t == 0, a, torch.where(t == 1, b, points))

"""Ways through a latent space: between points, around a loop, by arithmetic. Nothing here knows a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from gan_core.latent.frozen_model import Model, draw

Kind = Literal["spherical", "linear"]
MOST_POINTS = 8


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The straight line from a (z,), at t = 0, to b (z,), at t = 1: (m, z) for t (m,)."""
    return _exact_ends(a + t[:, None] * (b - a), a, b, t)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The way from a (z,) to b (z,) around the origin: (m, z) for t (m,). Shoemake (1985).

    A line through a Gaussian's middle passes latents shorter than any that G was trained on. Here the direction turns
    at an even pace, and the norm goes evenly from a's to b's. Opposite vectors turn through a direction at right angles
    to both; where there is none (z of 1), or a vector is zero, the way is the straight line.
    """
    (u, length_a), (v, length_b) = _direction(a), _direction(b)
    across = _at_right_angles(u, v)
    if not length_a or not length_b or across is None:
        return lerp(a, b, t)
    angle = torch.atan2((v @ across).abs(), v @ u)
    turned = torch.outer(torch.cos(t.double() * angle), u) + torch.outer(torch.sin(t.double() * angle), across)
    lengths = length_a + t.double() * (length_b - length_a)
    return _exact_ends((turned * lengths[:, None]).to(a.dtype), a, b, t)


def path(points: Tensor, frames: int, kind: Kind = "spherical", loop: bool = False) -> Tensor:
    """A way through 2 to 8 points (k, z), evenly shared out among them: (frames, z).

    An open way begins at the first point and ends at the last. A loop slows down at each point, so that it turns there
    without a jolt; its last frame goes on to its first.

    Raises:
        ValueError: too few points, too many, or no frame.
    """
    if not 2 <= len(points) <= MOST_POINTS:
        raise ValueError(f"a way leads through 2 to {MOST_POINTS} points, and {len(points)} were given")
    if frames < 1:
        raise ValueError("a way has at least one frame")
    between = {"spherical": slerp, "linear": lerp}[kind]
    ends = torch.cat((points, points[:1])) if loop else points
    legs = len(ends) - 1
    place = torch.arange(frames) * legs / frames if loop else torch.linspace(0, legs, frames)
    leg = place.long().clamp(max=legs - 1)
    t = place - leg
    t = t * t * (3 - 2 * t) if loop else t
    return torch.cat([between(ends[k], ends[k + 1], t[leg == k]) for k in range(legs)])


def arithmetic(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Radford et al. (2016), section 6.3.2: mean of a (n, z) - mean of b (m, z) + mean of c (k, z) -> (z,).

    Each may be empty, and then counts as zero.
    """
    mean_a, mean_b, mean_c = (x.mean(0) if len(x) else x.new_zeros(x.shape[1]) for x in (a, b, c))
    return mean_a - mean_b + mean_c


def resample(z: Tensor, locked: Sequence[int] | Tensor, seed: int, of: Model | None = None) -> Tensor:
    """`z`, (z,) or (n, z), with all numbers drawn anew but the locked ones. With none locked it is `draw`.

    Args:
        locked: which of the numbers stay: their indices, or a mask (z,) of truth values.
        of: the model whose prior to draw from; by default N(0, 1).
    """
    flat = z.reshape(-1, z.shape[-1])
    keep = torch.zeros(z.shape[-1], dtype=torch.bool)
    keep[torch.as_tensor(locked if isinstance(locked, Tensor) else list(locked), dtype=_index_type(locked))] = True
    fresh = draw(z.shape[-1] if of is None else of, len(flat), seed).to(z)
    return torch.where(keep, flat, fresh).reshape(z.shape)


def _index_type(locked: Sequence[int] | Tensor) -> torch.dtype:
    first = (
        locked.dtype if isinstance(locked, Tensor) else bool if len(locked) and isinstance(locked[0], bool) else None
    )
    return torch.bool if first in (torch.bool, bool) else torch.long


def _direction(x: Tensor) -> tuple[Tensor, Tensor]:
    length = x.double().norm()
    return x.double() / length.clamp(min=1e-300), length


def _at_right_angles(u: Tensor, v: Tensor) -> Tensor | None:
    """The unit vector at right angles to u that v leans to; any such one if v is u or -u; None if there is none."""
    across = v - (v @ u) * u
    if across.norm() > 1e-7:
        return across / across.norm()
    if len(u) == 1:
        return None
    axis = torch.zeros_like(u)
    axis[u.abs().argmin()] = 1
    across = axis - (axis @ u) * u
    return across / across.norm()


def _exact_ends(way: Tensor, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    t = t[:, None]
    return torch.where(t == 0, a, torch.where(t == 1, b, way))

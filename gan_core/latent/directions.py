"""Directions in which a latent space is worth walking, found without labels and without training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gan_core.latent.frozen_model import Label, Model, Styles, draw

_LATENTS = 10_000  # that the first layer's response is measured on
_AT_ONCE = 500


@dataclass(frozen=True, eq=False)
class Directions:
    """Orthonormal directions, the strongest first."""

    kind: str  # in DIRECTIONS
    vectors: Tensor  # (k, z_size), float32 on the CPU
    strength: Tensor  # (k,): how far G's first layer moves for a step of length 1
    about: str


@dataclass(frozen=True)
class Method:
    """One way to find directions: what to call it, a sentence about it, and what finds them."""

    label: str
    about: str
    find: Callable[[Model], tuple[Tensor, Tensor]]  # all vectors (z, z) in rows, and their strengths (z,)


def directions(model: Model, kind: str, count: int = 8) -> Directions:
    """The `count` strongest directions of this kind, or as many as z has numbers. Found once for each model.

    Raises:
        ValueError: no such kind.
    """
    if kind not in DIRECTIONS:
        raise ValueError(f'"{kind}" is no kind of direction; choose from {", ".join(DIRECTIONS)}')
    method = DIRECTIONS[kind]
    vectors, strength = model.remember(("directions", kind), lambda: method.find(model))
    return Directions(kind, vectors[:count], strength[:count], method.about)


def strip(
    model: Model,
    z: Tensor,
    direction: Tensor,
    reach: float = 3.0,
    n: int = 7,
    label: Label = None,
    styles: Styles = None,
    psi: float = 1.0,
) -> np.ndarray:
    """Where a slider leads: pictures of n steps from z - reach * direction to z + reach * direction, z in the middle.

    z and `direction` are (z_size,); `label` is one class, by default the first.
    """
    steps = torch.linspace(-reach, reach, n)
    return model.pictures(z + torch.outer(steps, direction), 0 if label is None else label, styles, psi)


@torch.no_grad()
def _principal(model: Model) -> tuple[Tensor, Tensor]:
    """GANSpace (Härkönen et al., 2020): principal axes of the response of G's first layer to 10,000 latents.

    The paper finds the axes among the responses and brings them back to z by regression. Here the regression on z comes
    first, and the axes are those of what it explains: the same where the layer is linear, and orthonormal in z where it
    is not. Each latent comes with its mirror image, under the same class, so that the class cancels out.
    """
    half = draw(model, _LATENTS // 2, 0)
    y = model.labels(None, len(half))
    z = torch.cat((half, -half)).to(model.device)
    y = None if y is None else torch.cat((y, y))
    layer = first_layer(model)
    moved: Tensor | float = 0.0  # (z, F): the sum of z times response
    for rows in torch.arange(len(z)).split(_AT_ONCE):
        response = layer(model.generator.inputs(z[rows], None if y is None else y[rows])).flatten(1)
        moved = moved + z[rows].T.double() @ response.double()
    covariance = z.T.double() @ z.double()
    slope = torch.linalg.solve(covariance, moved)  # (z, F): how far the response moves for a step along each axis
    return _axes(slope @ slope.T)


@torch.no_grad()
def _factorised(model: Model) -> tuple[Tensor, Tensor]:
    """SeFa (Shen and Zhou, 2021), equation 5: eigenvectors of A^T A, A the weights that G's first layer gives z."""
    layer = next(module for module in model.generator.layers.modules() if isinstance(module, nn.Linear))
    a = layer.weight[:, : model.z_size].double()
    return _axes(a.T @ a)


def _raw(model: Model) -> tuple[Tensor, Tensor]:
    return torch.eye(model.z_size), torch.ones(model.z_size)


def first_layer(model: Model) -> nn.Module:
    """What G does first: the mapping network of a style-based G, else its first layer with all that goes with it."""
    if model.styled is not None:
        return _Mapped(model.styled.map)
    return next(model.generator.layers.children())


class _Mapped(nn.Module):
    def __init__(self, map_: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.forward = map_


def _axes(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvectors (z, z) in rows and roots of the eigenvalues of a symmetric matrix, the largest first.

    Each points to where its largest number is positive, so that it is the same on every machine.
    """
    values, vectors = torch.linalg.eigh(gram)
    rows = vectors.T.flip(0)
    largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return (rows * largest.sign()).float().cpu(), values.flip(0).clamp(min=0).sqrt().float().cpu()


DIRECTIONS: dict[str, Method] = {
    "pca": Method(
        "Principal", "What moves the response of G's first layer most, measured on 10,000 latents.", _principal
    ),
    "sefa": Method("SeFa", "What the weights of G's first layer stretch most; nothing is sampled.", _factorised),
    "raw": Method("Raw z", "The numbers of z themselves, one by one.", _raw),
}

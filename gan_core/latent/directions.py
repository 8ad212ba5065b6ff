"""Interpretable directions in a latent space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_core.latent.attribute_directions import orthonormal
from gan_core.latent.frozen_model import Model, draw

_LATENTS = 10_000  # to measure the response of the first layer
_BATCH = 500


@dataclass(frozen=True, eq=False)
class Directions:
    """Orthonormal directions, the strongest first; of the kind "attributes", those of attributes first."""

    kind: str  # in DIRECTIONS
    vectors: Tensor  # (k, z_size), float32 on the CPU
    strength: Tensor  # (k,): change of G's first layer for a step of length 1
    about: str


@dataclass(frozen=True)
class Method:
    """A method to find directions: its label, a description, and its function."""

    label: str
    about: str
    find: Callable[[Model], tuple[Tensor, Tensor]]  # vectors (z, z), one per row, and strengths (z,)
    applies: Callable[[Model], bool] = lambda model: True


def kinds(model: Model) -> list[str]:
    """The kinds of direction that this model has, the most telling first."""
    return [kind for kind, method in DIRECTIONS.items() if method.applies(model)]


def directions(model: Model, kind: str, count: int = 8) -> Directions:
    """The `count` strongest directions of this kind, at most z_size. Computed once per model.

    Raises `ValueError` if the model has no such kind.
    """
    if kind not in kinds(model):
        raise ValueError(f'no kind of direction "{kind}"; choose from {", ".join(kinds(model))}')
    method = DIRECTIONS[kind]
    vectors, strength = model.remember(("directions", kind), lambda: method.find(model))
    return Directions(kind, vectors[:count], strength[:count], method.about)


@torch.no_grad()
def _principal(model: Model) -> tuple[Tensor, Tensor]:
    """GANSpace (Härkönen et al., 2020): principal axes of the response of G's first layer to 10,000 latents.

    The paper computes the axes of the responses and maps them to z by regression. Here the regression on z comes first,
    and the axes are those of the fitted responses: the same if the layer is linear, and orthonormal in z if it is not.
    """
    return _axes(_response_gram(model))


@torch.no_grad()
def _attributes(model: Model) -> tuple[Tensor, Tensor]:
    """The measured directions of attributes, made orthogonal, then the principal axes of the space that they leave."""
    assert model.attribute_directions is not None
    gram = _response_gram(model)
    vectors = orthonormal(torch.cat((model.attribute_directions.double(), _axes(gram)[0].double())))
    return vectors.float(), (vectors @ gram * vectors).sum(1).clamp(min=0).sqrt().float()


def _response_gram(model: Model) -> Tensor:
    """B B^T of the linear map B (z, F) from z to the response of G's first layer, fitted to 10,000 latents: (z, z).

    Each latent z is paired with -z under the same class, so that the effect of the class cancels.
    """
    half = draw(model, _LATENTS // 2, 0)
    y = model.labels(None, len(half))
    z = torch.cat((half, -half)).to(model.device)
    y = None if y is None else torch.cat((y, y))
    layer = first_layer(model)
    cross: Tensor | float = 0.0  # (z, F): the sum of z times the response
    for rows in torch.arange(len(z)).split(_BATCH):
        response = layer(model.generator.inputs(z[rows], None if y is None else y[rows])).flatten(1)
        cross = cross + z[rows].T.cpu().double() @ response.cpu().double()
    covariance = z.T.cpu().double() @ z.cpu().double()
    slope = torch.linalg.solve(covariance, cross)  # (z, F): change of the response per unit of z
    return slope @ slope.T


@torch.no_grad()
def _factorised(model: Model) -> tuple[Tensor, Tensor]:
    """SeFa (Shen and Zhou, 2021), equation 5: eigenvectors of A^T A, A the weights of G's first layer for z."""
    layer = next(module for module in model.generator.layers.modules() if isinstance(module, nn.Linear))
    a = layer.weight[:, : model.z_size].cpu().double()
    return _axes(a.T @ a)


def _raw(model: Model) -> tuple[Tensor, Tensor]:
    return torch.eye(model.z_size), torch.ones(model.z_size)


def first_layer(model: Model) -> Callable[[Tensor], Tensor]:
    """The mapping network of a style-based G, otherwise the first block of G."""
    return next(model.generator.layers.children()) if model.styled is None else model.styled.map


def _axes(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvectors (z, z), one per row, and square roots of the eigenvalues of a symmetric matrix, the largest first.

    The sign makes the largest component positive, so that every machine gives the same vectors.
    """
    values, vectors = torch.linalg.eigh(gram)
    rows = vectors.T.flip(0)
    largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return (rows * largest.sign()).float().cpu(), values.flip(0).clamp(min=0).sqrt().float().cpu()


DIRECTIONS: dict[str, Method] = {
    "attributes": Method(
        "Attributes",
        "What changes an attribute most, as measured in 5,000 samples; then what moves the rest.",
        _attributes,
        lambda model: model.attribute_directions is not None,
    ),
    "pca": Method(
        "Principal", "What moves the response of G's first layer most, measured on 10,000 latents.", _principal
    ),
    "sefa": Method("SeFa", "What the weights of G's first layer stretch most; nothing is sampled.", _factorised),
    "raw": Method("Raw z", "The numbers of z themselves, one by one.", _raw),
}

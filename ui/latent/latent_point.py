"""A point of latent space with the generator's other inputs, and its form in a URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from gan_core import latent
from gan_core.latent import Model

N = TypeVar("N", int, float)

SEEDS = 1_000_000  # seeds are below this, so that they are short


class LatentPointError(ValueError):
    """A URL does not name a latent point of this model; the message says why."""


@dataclass(frozen=True, eq=False)
class LatentPoint:
    """A latent, its offsets along directions, and the generator's other inputs."""

    base: Tensor  # (z_size,)
    seed: int | None = None  # the seed of `base`; None for a latent without one
    moves: Mapping[str, float] = field(default_factory=dict)  # offset along each direction: "pca.0" is the first
    label: int | None = None  # class; None for a model without classes
    psi: float = 1.0  # truncation, for a style-based G
    partner: int | None = None  # seed of the latent that gives the mixed layers their style, for a style-based G
    mixed: tuple[int, int] = (0, 0)  # range of the mixed layers, the end excluded

    def z(self, model: Model) -> Tensor:
        """The latent with its offsets, (z_size,). `model` defines the directions."""
        z = self.base
        for name, offset in self.moves.items():
            z = z + offset * direction(model, name)
        return z

    def inputs(self, model: Model) -> dict[str, Any]:
        """The arguments of `Model.pictures` besides the latent."""
        styles: list[Tensor | None] | None = None
        if self.partner is not None and model.layers:
            partner = latent.draw(model, 1, self.partner)[0]
            styles = [partner if self.mixed[0] <= layer < self.mixed[1] else None for layer in range(model.layers)]
        return {"label": self.label, "styles": styles, "psi": self.psi}

    def moved(self, moves: Mapping[str, float]) -> LatentPoint:
        """The point with these offsets in place of its own along the same directions."""
        return replace(self, moves={name: offset for name, offset in {**self.moves, **moves}.items() if offset})

    def at(self, z: Tensor) -> LatentPoint:
        """The point of another latent. Half precision, so that a URL holds it exactly."""
        return replace(self, base=z.half().float(), seed=None, moves={})

    def fit_to(self, model: Model) -> LatentPoint:
        """The point in this model: the same latent if its size fits, otherwise the latent of the same seed."""
        count = len(model.classes)
        label = min(self.label or 0, count - 1) if count else None
        mixed = min(self.mixed[0], model.layers), min(self.mixed[1], model.layers)
        moves = {name: offset for name, offset in self.moves.items() if _is_direction(name, model)}
        base, seed = self.base, self.seed
        if seed is not None or len(base) != model.z_size:
            seed = seed or 0
            base = latent.draw(model, 1, seed)[0]
        return replace(self, base=base, seed=seed, label=label, mixed=mixed, moves=moves)

    def to_query(self) -> dict[str, str]:
        """The query of a URL; default values are left out."""
        query = {"seed": str(self.seed)} if self.seed is not None else {"z": latent.to_text(self.base)}
        if self.label:
            query["class"] = str(self.label)
        if self.moves:
            query["at"] = ",".join(f"{name}:{offset:g}" for name, offset in self.moves.items())
        if self.psi != 1:
            query["psi"] = f"{self.psi:g}"
        if self.partner is not None:
            query["mix"] = f"{self.partner}:{self.mixed[0]}-{self.mixed[1]}"
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str], model: Model) -> LatentPoint:
        """The point that `to_query` wrote. Raises `LatentPointError` if the query is invalid for this model."""
        try:
            seed = None if "z" in query else _seed(query.get("seed", "0"))
            base = latent.from_text(query["z"], model.z_size) if seed is None else latent.draw(model, 1, seed)[0]
            moves = dict(_move(part) for part in query["at"].split(",")) if query.get("at") else {}
            partner, mixed = _mix(query["mix"]) if query.get("mix") else (None, (0, 0))
            label, psi = _number(int, "class", query.get("class", "0")), _number(float, "psi", query.get("psi", "1"))
            if not torch.isfinite(torch.tensor([psi, *moves.values()])).all():
                raise ValueError("it lies at infinity")
        except ValueError as error:
            text = f"This link's place in latent space was not found: {error}. Seed 0 is shown."
            raise LatentPointError(text) from None
        return cls(base, seed, moves, label, min(1.0, max(0.0, psi)), partner, mixed).fit_to(model)


def direction(model: Model, name: str) -> Tensor:
    """The unit vector (z_size,) of a direction by name, such as "pca.0"."""
    kind, index = name.split(".")
    return latent.directions(model, kind, model.z_size).vectors[int(index)]


def _is_direction(name: str, model: Model) -> bool:
    kind, _, index = name.partition(".")
    return kind in latent.kinds(model) and index.isdecimal() and int(index) < model.z_size


def _number(kind: Callable[[str], N], name: str, text: str) -> N:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f'its {name} is "{text[:20]}", which is no {"whole " if kind is int else ""}number') from None


def _seed(text: str) -> int:
    seed = _number(int, "seed", text)
    if not 0 <= seed < SEEDS:
        raise ValueError(f"a seed lies between 0 and {SEEDS - 1:,}")
    return seed


def _move(text: str) -> tuple[str, float]:
    name, _, offset = text.partition(":")
    return name, _number(float, "move", offset)


def _mix(text: str) -> tuple[int, tuple[int, int]]:
    seed, _, layers = text.partition(":")
    first, _, last = layers.partition("-")
    return _seed(seed), (_number(int, "first mixed layer", first), _number(int, "last mixed layer", last))

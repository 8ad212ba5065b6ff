"""One latent_point in latent space, and the query of a URL that leads there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from gan_core import latent
from gan_core.latent import Model

N = TypeVar("N", int, float)

SEEDS = 1_000_000  # seeds are below this: short enough to be told to somebody
KEYS = ("seed", "z", "class", "at", "psi", "mix")


class LatentPointError(ValueError):
    """A link that leads to no latent_point of this model; the message says what is wrong with it."""


@dataclass(frozen=True, eq=False)
class LatentPoint:
    """A latent, how far it was moved along directions, and what else the generator is told."""

    base: Tensor  # (z_size,)
    seed: int | None = None  # that `base` was drawn from
    moves: Mapping[str, float] = field(default_factory=dict)  # by direction: "pca.0", counted from 0
    label: int | None = None  # where G is told a class
    psi: float = 1.0  # style-based G: truncation
    partner: int | None = None  # style-based G: seed of the latent that gives the styles
    mixed: tuple[int, int] = (0, 0)  # of these layers, the second not included

    def z(self, model: Model) -> Tensor:
        """The latent itself, (z_size,)."""
        z = self.base
        for name, far in self.moves.items():
            z = z + far * direction(model, name)
        return z

    def styles(self, model: Model) -> list[Tensor | None] | None:
        """The latents that layers of a style-based G take their style from; None where none is mixed in."""
        if self.partner is None or not model.layers:
            return None
        other = latent.draw(model, 1, self.partner)[0]
        return [other if self.mixed[0] <= layer < self.mixed[1] else None for layer in range(model.layers)]

    def told(self, model: Model) -> dict[str, Any]:
        """What `Model.pictures` takes beside the latent."""
        return {"label": self.label, "styles": self.styles(model), "psi": self.psi}

    def moved(self, moves: Mapping[str, float]) -> LatentPoint:
        """The latent_point with these sliders moved."""
        both = {**self.moves, **moves}
        return replace(self, moves={name: far for name, far in both.items() if far})

    def at(self, z: Tensor) -> LatentPoint:
        """The latent_point of another latent, under the same class and styles; exact in a link (half precision)."""
        return replace(self, base=z.half().float(), seed=None, moves={})

    def mirrored(self, model: Model) -> LatentPoint:
        """The opposite latent, -z."""
        return self.at(-self.z(model))

    def fitted(self, model: Model) -> LatentPoint:
        """The nearest point that this model has: the same latent where its size fits, else that of the same seed."""
        count = len(model.classes)
        label = min(self.label or 0, count - 1) if count else None
        layers = min(self.mixed[0], model.layers), min(self.mixed[1], model.layers)
        known = {name: far for name, far in self.moves.items() if _index(name, model) is not None}
        if len(self.base) == model.z_size and self.seed is None:
            return replace(self, label=label, mixed=layers, moves=known)
        seed = self.seed or 0
        return replace(self, base=latent.draw(model, 1, seed)[0], seed=seed, label=label, mixed=layers, moves=known)

    def to_query(self) -> dict[str, str]:
        """The query of a URL; what is as it always is stays out."""
        query = {"seed": str(self.seed)} if self.seed is not None else {"z": latent.to_text(self.base)}
        if self.label:
            query["class"] = str(self.label)
        if self.moves:
            query["at"] = ",".join(f"{name}:{far:g}" for name, far in self.moves.items())
        if self.psi != 1:
            query["psi"] = f"{self.psi:g}"
        if self.partner is not None:
            query["mix"] = f"{self.partner}:{self.mixed[0]}-{self.mixed[1]}"
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str], model: Model) -> LatentPoint:
        """The point that `to_query` wrote. Raises `LatentPointError` if the query leads nowhere in this model."""
        try:
            seed = None if "z" in query else _seed(query.get("seed", "0"))
            base = latent.from_text(query["z"], model.z_size) if seed is None else latent.draw(model, 1, seed)[0]
            moves = dict(_move(part) for part in query["at"].split(",")) if query.get("at") else {}
            partner, mixed = _mix(query["mix"]) if query.get("mix") else (None, (0, 0))
            label, psi = _number(int, "class", query.get("class", "0")), _number(float, "psi", query.get("psi", "1"))
        except ValueError as error:
            raise LatentPointError(
                f"This link's latent_point in latent space was not found: {error}. Seed 0 is shown."
            ) from None
        if not torch.isfinite(torch.tensor([psi, *moves.values()])).all():
            raise LatentPointError(
                "This link's latent_point in latent space was not found: it lies at infinity. Seed 0 is shown."
            )
        return cls(base, seed, moves, label, min(1.0, max(0.0, psi)), partner, mixed).fitted(model)


def direction(model: Model, name: str) -> Tensor:
    """The unit vector (z_size,) of a direction by name, such as "pca.0"."""
    kind, index = name.split(".")
    return latent.directions(model, kind, model.z_size).vectors[int(index)]


def _index(name: str, model: Model) -> int | None:
    kind, _, index = name.partition(".")
    known = kind in latent.DIRECTIONS and index.isdecimal() and int(index) < model.z_size
    return int(index) if known else None


def _number(kind: Callable[[str], N], name: str, text: str) -> N:
    """Raises `ValueError`, in words, if it is none."""
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
    name, _, far = text.partition(":")
    return name, _number(float, "move", far)


def _mix(text: str) -> tuple[int, tuple[int, int]]:
    seed, _, layers = text.partition(":")
    first, _, last = layers.partition("-")
    return _seed(seed), (_number(int, "first mixed layer", first), _number(int, "last mixed layer", last))

"""What a line of a catalogue says, and the catalogue itself."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, TypeVar

Kind = Literal["points", "images"]


class UnknownNameError(ValueError):
    """A name that its catalogue does not hold; the message lists what it does hold."""


@dataclass(frozen=True)
class Entry:
    """One choice: where its code lives, what to call it on screen, and one sentence about it."""

    target: str  # "package.module:attribute"
    label: str
    about: str

    def load(self) -> Any:
        """Import the code behind this entry and return it."""
        module, attribute = self.target.split(":")
        return getattr(import_module(module), attribute)


@dataclass(frozen=True)
class OptimizerEntry(Entry):
    """An optimiser: a sensible rate for GANs, and which fields of `OptimizerConfig` it reads."""

    lr: float = 2e-4
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class PenaltyEntry(Entry):
    """A penalty on the discriminator, and which fields of `PenaltyConfig` it reads."""

    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class NetworkEntry(Entry):
    """A network family: what it can make or judge, and which fields of its config it reads."""

    kinds: tuple[Kind, ...] = ("images",)
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetEntry(Entry):
    """A data set: its natural shape and length, what it needs, and whom to credit."""

    kind: Kind = "images"
    size: int = 0  # natural side in pixels; 0 for points
    channels: int = 0  # 1 grey, 3 RGB; 0 for points
    length: int = 0  # examples; 0 where it depends on the user's files
    classes: tuple[str, ...] = ()
    needs: Literal["nothing", "network", "files", "drawing"] = "nothing"
    credit: str = ""
    reads: tuple[str, ...] = ()


E = TypeVar("E")


@dataclass
class Catalog(Mapping[str, E]):
    """Names to entries, in the order they should be offered. An unknown name raises `UnknownNameError`."""

    noun: str
    entries: dict[str, E] = field(default_factory=dict)

    def __getitem__(self, name: str) -> E:
        if name not in self.entries:
            raise UnknownNameError(self.complaint(name))
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def complaint(self, name: str) -> str:
        """Why `name` is no good, the nearest known name, and all known names."""
        near = difflib.get_close_matches(name, self.entries, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return f'"{name}" is not a known {self.noun}{hint}; choose from {", ".join(self.entries)}'

    def add(self, name: str, entry: E) -> None:
        """Offer one more choice under `name`, from a notebook or a plug-in.

        Raises:
            ValueError: the name is taken.
        """
        if name in self.entries:
            raise ValueError(f'the {self.noun} "{name}" exists already')
        self.entries[name] = entry

"""The entries of the catalogues, and the catalogue class."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, TypeVar

Kind = Literal["points", "images"]


class UnknownNameError(ValueError):
    """A name that is not in its catalogue. The message lists the names that are."""


@dataclass(frozen=True)
class Entry:
    """One choice: where its code is, its label on the screen, and one sentence that describes it."""

    target: str  # "package.module:attribute"
    label: str
    description: str

    def load(self) -> Any:
        """Import the function or class of this entry and return it."""
        module, attribute = self.target.split(":")
        return getattr(import_module(module), attribute)


@dataclass(frozen=True)
class LossEntry(Entry):
    """A loss, and whether it compares each real sample with one fake, which `local_pairs` does not allow."""

    compares_pairs: bool = False


@dataclass(frozen=True)
class OptimizerEntry(Entry):
    """An optimiser: its documented learning rate, the source of it, and the fields of `OptimizerConfig` it reads."""

    lr: float = 2e-4
    reads: tuple[str, ...] = ()
    lr_source: str = ""


@dataclass(frozen=True)
class PenaltyEntry(Entry):
    """A penalty on the discriminator, and the fields of `PenaltyConfig` that it reads."""

    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class NetworkEntry(Entry):
    """A network family: the kinds of samples it works on, and the fields of its config that it reads."""

    kinds: tuple[Kind, ...] = ("images",)
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetEntry(Entry):
    """A data set: its shape and length, what it needs before it can be loaded, and its credit."""

    kind: Kind = "images"
    size: int = 0  # side in pixels, before any resizing; 0 for points
    channels: int = 0  # 1 grey, 3 RGB; 0 for points
    length: int = 0  # examples; 0 if it depends on the user's files
    classes: tuple[str, ...] = ()
    needs: Literal["nothing", "network", "files", "drawing"] = "nothing"
    credit: str = ""
    reads: tuple[str, ...] = ()
    other_classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by the value of `data.labels`

    @property
    def may_have_classes(self) -> bool:
        """Whether a GAN on this data set can be conditional. Only loading the user's pictures tells for certain."""
        return bool(self.classes) or self.needs == "files"


E = TypeVar("E")


@dataclass
class Catalog(Mapping[str, E]):
    """Entries by name, in the order of display. An unknown name raises `UnknownNameError`."""

    noun: str
    entries: dict[str, E] = field(default_factory=dict)

    def __getitem__(self, name: str) -> E:
        if name not in self:
            raise UnknownNameError(self.unknown_message(name))
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self.entries

    def unknown_message(self, name: str) -> str:
        """The error message for a name that is not here, with the nearest name and all names."""
        near = difflib.get_close_matches(str(name), self.entries, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return f'"{name}" is not a known {self.noun}{hint}; choose from {", ".join(self.entries)}'

    def add(self, name: str, entry: E) -> None:
        """Add a choice, for example from a notebook or a plug-in. Raises `ValueError` if the name is taken."""
        if name in self.entries:
            raise ValueError(f'the {self.noun} "{name}" already exists')
        self.entries[name] = entry

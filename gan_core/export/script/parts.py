"""What a script is put together from."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

from gan_core.export.errors import ExportError


class CannotWriteError(ExportError):
    """An experiment that a page of plain PyTorch cannot hold; the message names the setting, and what it can hold."""


@dataclass(frozen=True)
class Part:
    """A stretch of the script: what it is, in a few words and in a sentence, its code, and what that code imports."""

    title: str
    about: str
    code: str
    imports: frozenset[str] = frozenset()  # whole lines: "import torch", "from torch import nn"


def code(*pieces: str) -> str:
    """Pieces of code below each other, each without the indentation that it has in our source; empty ones fall out."""
    return "\n".join(filter(None, (dedent(piece).strip("\n") for piece in pieces))) + "\n"


def spaced(*definitions: str) -> str:
    """Definitions of functions and classes with the two empty lines between them that Python's style guide wants."""
    return "\n\n\n".join(filter(None, (code(definition).strip("\n") for definition in definitions))) + "\n"


def indented(lines: list[str], depth: int = 1) -> list[str]:
    """Lines moved to the right by `depth` levels."""
    return ["    " * depth + line for line in lines]


def quoted(text: str) -> str:
    """Text as a literal, in double quotes where that needs no more escapes."""
    literal = repr(text)
    return literal if '"' in literal else f'"{literal[1:-1]}"'

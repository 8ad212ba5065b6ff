"""What users write about a run: its name, tags and notes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_core.system.files import parse_json, replace_text

MAX_NAME, MAX_TAG, MAX_NOTES = 80, 30, 10_000  # characters
MAX_TAGS = 20


@dataclass(frozen=True)
class Metadata:
    """`of` and `parse` keep every field within its limits."""

    name: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""

    @staticmethod
    def of(name: Any = "", tags: Any = (), notes: Any = "") -> Metadata:
        """Metadata from any input, cut to the limits. A name or a tag becomes one line of printable text."""
        lines = dict.fromkeys(_line(tag, MAX_TAG) for tag in (tags if isinstance(tags, list | tuple) else ()))
        lines.pop("", None)
        kept_notes = notes[:MAX_NOTES] if isinstance(notes, str) else ""
        return Metadata(_line(name, MAX_NAME), tuple(list(lines)[:MAX_TAGS]), kept_notes)

    @staticmethod
    def parse(content: bytes) -> Metadata:
        """The metadata in a JSON text. Raises `ValueError` if it is not JSON."""
        found = parse_json(content)
        return Metadata.of(*map(found.get, ("name", "tags", "notes"))) if isinstance(found, dict) else Metadata()

    def write(self, file: Path) -> None:
        """Raises `OSError` if the disk refuses."""
        replace_text(file, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")


def _line(text: Any, limit: int) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text) if isinstance(text, str) else ""
    return " ".join(printable.split())[:limit].rstrip()

"""What people say of a run: its name, its tags, a few notes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_core.system.files import replace_text

NAME, TAG, NOTES = 80, 30, 10_000  # characters at most
TAGS = 20  # of one run


@dataclass(frozen=True)
class Metadata:
    """Always within bounds when `of` or `read` made it."""

    name: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""

    @staticmethod
    def of(name: Any = "", tags: Any = (), notes: Any = "") -> Metadata:
        """What was typed, or stands in a file, cut to its bounds; a name and a tag are one line of printable text."""
        kept = dict.fromkeys(_line(tag, TAG) for tag in (tags if isinstance(tags, list | tuple) else ()))
        kept.pop("", None)
        return Metadata(_line(name, NAME), tuple(list(kept)[:TAGS]), notes[:NOTES] if isinstance(notes, str) else "")

    @staticmethod
    def read(file: Path) -> Metadata:
        """What `write` wrote; nothing where there is no such file, or it cannot be read."""
        try:
            found = json.loads(file.read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError, RecursionError):
            return Metadata()
        return Metadata.of(*map(found.get, ("name", "tags", "notes"))) if isinstance(found, dict) else Metadata()

    def write(self, file: Path) -> None:
        """Raises `OSError` if the disk refuses."""
        replace_text(file, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")


def _line(text: Any, limit: int) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text) if isinstance(text, str) else ""
    return " ".join(shown.split())[:limit].rstrip()

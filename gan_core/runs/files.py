"""Small files of a run: text that is replaced whole, lines of JSON, and the error that a bad run is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gan_core.history import append


class RunError(RuntimeError):
    """A run that cannot be found, read or written; the message says what, why and what now."""


def replace_text(path: Path, text: str) -> None:
    """Write a text file so that at any moment there is the old one or the new one. Raises `OSError` if it cannot."""
    fresh = path.with_name(path.name + ".tmp")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def append_line(path: Path, value: Any) -> None:
    """Add a value to a file of JSON lines. Raises `OSError` if it cannot."""
    append(path, json.dumps(value, ensure_ascii=False) + "\n")


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects in a file of JSON lines, oldest first; lines that cannot be read are left out."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):  # a crash may cut the last line
            continue
        if isinstance(value, dict):
            yield value

"""Files that are never torn: text replaced whole, lines appended whole, JSON lines read as far as they are whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def replace_text(path: Path, text: str) -> None:
    """Write a text file so that at any moment there is the old one or the new one. Raises `OSError` if it cannot."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")  # a page and a worker may write at the same moment
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


def append(path: Path, text: str) -> None:
    """Add text to a file, all of it or nothing.

    Raises:
        OSError: the disk refuses; the file is as it was.
    """
    with path.open("ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        data = text.encode()
        try:
            while data:  # a disk that fills up takes a part without complaint
                data = data[file.write(data) :]
        except OSError:
            file.truncate(before)
            raise

"""Text and JSON files: replaced atomically, extended by whole lines, read even if a crash has damaged them."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any


def replace_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically: a reader sees all of the old content or all of the new content.

    Raises `OSError` if the disk refuses; the old file is unchanged.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")  # several threads may write
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


def replace_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file as `replace_bytes` does. Raises `OSError` if the disk refuses."""
    replace_bytes(path, text.encode())


def read_json(path: Path, default: Any = None) -> Any:
    """The value in a JSON file, or `default` if the file is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError, RecursionError):
        return default


def file_version(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Time of the last change in nanoseconds, and size in bytes; zeros if there is no such file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return 0, 0
    return status.st_mtime_ns, status.st_size


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects in a file of JSON lines, oldest first. Skips damaged lines; a crash may cut the last one."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def append_line(path: Path, value: Any) -> None:
    """Add a value to a file of JSON lines. Raises `OSError` as `append` does."""
    append(path, json.dumps(value, ensure_ascii=False) + "\n")


def append(path: Path, text: str) -> None:
    """Add text to the end of a file. Raises `OSError` if the disk refuses; the file is unchanged."""
    with path.open("ab", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        data = text.encode()
        try:
            while data:  # on a nearly full disk, `write` takes a part of the data and raises no error
                data = data[file.write(data) :]
        except OSError:
            file.truncate(size)
            raise

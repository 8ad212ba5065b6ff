"""What a user calls the directions of a run, kept in its folder as `directions.json`."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor, tensor

FILE = "directions.json"
_SAME = 0.9  # cosine from which on a direction counts as the one that was named, also after more training


def of(folder: Path, kind: str, vectors: Tensor) -> list[str]:
    """The name of each direction (k, z_size) of this kind, "" where it has none."""
    names = [""] * len(vectors)
    for entry in _entries(folder):
        if entry["kind"] == kind and len(entry["vector"]) == vectors.shape[1]:
            likeness = (vectors @ tensor(entry["vector"])).abs()
            if likeness.max() >= _SAME:
                names[int(likeness.argmax())] = entry["name"]
    return names


def give(folder: Path, kind: str, vector: Tensor, name: str) -> None:
    """Call this direction (z_size,) by a name; "" forgets its name. Raises `OSError` if the run cannot be written."""
    kept = [
        entry
        for entry in _entries(folder)
        if entry["kind"] != kind
        or len(entry["vector"]) != len(vector)
        or abs(float(vector @ tensor(entry["vector"]))) < _SAME
    ]
    if name:
        kept.append({"name": name, "kind": kind, "vector": [round(x, 5) for x in vector.tolist()]})
    fresh = folder / f"{FILE}.tmp"
    fresh.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(fresh, folder / FILE)


def _entries(folder: Path) -> list[dict[str, Any]]:
    """All named directions; a file that cannot be read counts as none."""
    with suppress(OSError, ValueError):
        entries = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if isinstance(entries, list):
            return [entry for entry in entries if _is_whole(entry)]
    return []


def _is_whole(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and isinstance(entry.get("kind"), str)
        and isinstance(entry.get("vector"), list)
        and all(isinstance(x, float | int) for x in entry["vector"])
    )

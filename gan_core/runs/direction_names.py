"""Names that users give to directions of the latent space, kept in the run's folder as `directions.json`.

The file is a list of `{"name": text, "kind": "pca", "vector": [floats]}`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor, tensor

from gan_core.system.files import read_json, replace_text

FILE = "directions.json"
_MAX_TEXT = 40  # characters of a name or a kind
_MAX_COMPONENT = 1e30  # in magnitude; also refuses NaN and infinity
_MIN_SIMILARITY = 0.9  # absolute cosine at which a direction keeps its name after more training


def names_of(folder: Path, kind: str, directions: Tensor) -> list[str]:
    """The name of each unit vector in `directions` (k, z_size), "" where it has none."""
    names = [""] * len(directions)
    for entry in _entries(folder):
        if entry["kind"] == kind and len(entry["vector"]) == directions.shape[1]:
            similarity = (directions @ tensor(entry["vector"])).abs()
            if similarity.max() >= _MIN_SIMILARITY:
                names[int(similarity.argmax())] = entry["name"]
    return names


def set_name(folder: Path, kind: str, direction: Tensor, name: str) -> None:
    """Name a unit vector (z_size,), or delete its name with "". Raises `OSError` if the disk refuses."""
    name = name[:_MAX_TEXT]
    others = [
        entry
        for entry in _entries(folder)
        if entry["kind"] != kind
        or len(entry["vector"]) != len(direction)
        or abs(float(direction @ tensor(entry["vector"]))) < _MIN_SIMILARITY
    ]
    if name:
        others.append({"name": name, "kind": kind, "vector": [round(x, 5) for x in direction.tolist()]})
    replace_text(folder / FILE, json.dumps(others, ensure_ascii=False, indent=1))


def is_valid(entries: object) -> bool:
    """Whether this is the content of a `directions.json`: short texts, and vectors of finite numbers."""
    return isinstance(entries, list) and all(map(_is_valid_entry, entries))


def _entries(folder: Path) -> list[dict[str, Any]]:
    """All valid entries; none if the file cannot be read."""
    entries = read_json(folder / FILE)
    return [entry for entry in entries if _is_valid_entry(entry)] if isinstance(entries, list) else []


def _is_valid_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and _is_short_text(entry.get("name"))
        and _is_short_text(entry.get("kind"))
        and isinstance(entry.get("vector"), list)
        and all(type(x) in (float, int) and abs(x) < _MAX_COMPONENT for x in entry["vector"])
    )


def _is_short_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT

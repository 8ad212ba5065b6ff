"""Names of directions of the latent space, kept in the run's folder as `directions.json`.

The file is a list of `{"name": text, "kind": "pca", "vector": [floats]}`. Users give the names, except to directions of
the kind "labels": these were measured when the run was made, and only the file has them.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter
from torch import Tensor, tensor
from typing_extensions import TypedDict

from gan_core.system.files import MAX_JSON_BYTES, checked, read_bytes, replace_text

FILE = "directions.json"
_MAX_TEXT = 40  # characters of a name or a kind
_MIN_SIMILARITY = 0.9  # absolute cosine at which a direction keeps its name after more training

_Text = Annotated[str, Field(max_length=_MAX_TEXT)]


class _Entry(TypedDict):
    name: _Text
    kind: _Text
    vector: list[Annotated[float, Field(ge=-1e30, le=1e30)]]


_ENTRIES = TypeAdapter(list[_Entry])


def names_of(folder: Path, kind: str, directions: Tensor) -> list[str]:
    """The name of each unit vector in `directions` (k, z_size), "" where it has none."""
    names = [""] * len(directions)
    for entry in _entries(folder):
        if entry["kind"] == kind and len(entry["vector"]) == directions.shape[1]:
            similarity = (directions @ tensor(entry["vector"])).abs()
            if similarity.max() >= _MIN_SIMILARITY:
                names[int(similarity.argmax())] = entry["name"]
    return names


def label_directions(folder: Path, z_size: int) -> Tensor | None:
    """The directions of the kind "labels", (k, z_size); None if the file has none."""
    found = [entry["vector"] for entry in _entries(folder) if entry["kind"] == "labels"]
    return tensor(found) if found and all(len(vector) == z_size for vector in found) else None


def set_name(folder: Path, kind: str, direction: Tensor, name: str) -> None:
    """Name a unit vector (z_size,), or delete its name with "". Raises `OSError` if the disk refuses."""
    name = name[:_MAX_TEXT]
    if kind == "labels" and not name:
        return  # a measured direction keeps its name
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


def parse(content: bytes) -> list[_Entry]:
    """The entries of a `directions.json`. Raises `ValueError` unless all have short texts and finite numbers."""
    return checked(_ENTRIES, content)


def _entries(folder: Path) -> list[_Entry]:
    """All entries; none if the file cannot be read."""
    with suppress(OSError, ValueError):
        return parse(read_bytes(folder / FILE, MAX_JSON_BYTES))
    return []

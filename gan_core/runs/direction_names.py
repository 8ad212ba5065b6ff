"""Names of directions of the latent space, kept as `directions.json` in the run's folder.

The names that a user gives to directions of a shipped run are in `shipped/<run>/` of the library.

The file is a list of `{"name": text, "kind": "pca", "vector": [floats]}`. Users give the names, except to directions of
the kind "attributes": these were measured when the run was made, and only the file has them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
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


def names_of(folders: Sequence[Path], kind: str, directions: Tensor) -> list[str]:
    """The name of each unit vector in `directions` (k, z_size), "" where it has none; a later folder's name wins."""
    names = [""] * len(directions)
    for entry in chain.from_iterable(map(_entries, folders)):
        if entry["kind"] == kind and len(entry["vector"]) == directions.shape[1]:
            similarity = (directions @ tensor(entry["vector"])).abs()
            if similarity.max() >= _MIN_SIMILARITY:
                names[int(similarity.argmax())] = entry["name"]
    return names


def attribute_directions(folder: Path, z_size: int) -> Tensor | None:
    """The directions of the kind "attributes", (k, z_size); None if the file has none."""
    found = [entry["vector"] for entry in _entries(folder) if entry["kind"] == "attributes"]
    return tensor(found) if found and all(len(vector) == z_size for vector in found) else None


def set_name(folder: Path, kind: str, direction: Tensor, name: str) -> None:
    """Name a unit vector (z_size,), or delete its name with "". Raises `OSError` if the disk refuses."""
    name = name[:_MAX_TEXT]
    if kind == "attributes" and not name:
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

"""The runs that come with the project. They are only read."""

from __future__ import annotations

from pathlib import Path

from gan_core.runs.run_id import is_valid
from gan_core.runs.store import RunStore

SHIPPED = RunStore(Path(__file__).parents[2] / "checkpoints" / "pretrained")


def is_shipped(run_id: str) -> bool:
    """Whether the run came with the project."""
    return is_valid(run_id) and (SHIPPED.root / run_id / "config.json").is_file()


def store_of(run_id: str, library: RunStore) -> RunStore:
    """The store that holds the run: the shipped runs, or this library."""
    return SHIPPED if is_shipped(run_id) else library


def names_folder(run_id: str, library: RunStore) -> Path:
    """Where the library keeps the names that the user gave to directions of a shipped run. It may not exist yet."""
    return library.root / "shipped" / run_id

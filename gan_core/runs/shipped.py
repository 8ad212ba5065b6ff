"""The runs that come with the project. They are read and never written."""

from __future__ import annotations

from pathlib import Path

from gan_core.runs.store import RunStore

SHIPPED = RunStore(Path(__file__).parents[2] / "checkpoints" / "pretrained")


def is_shipped(run_id: str) -> bool:
    """Whether a run came with the project; such runs stay as they are."""
    return (SHIPPED.root / run_id / "config.json").is_file()


def store_of(run_id: str, library: RunStore) -> RunStore:
    """Where a run is kept: among the shipped ones, or in this library."""
    return SHIPPED if is_shipped(run_id) else library

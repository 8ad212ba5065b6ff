"""The run library. A run is a folder of plain files that other programs can read."""

from gan_core.runs.archive import pack, unpack
from gan_core.runs.errors import RunError
from gan_core.runs.frames import GRID_COLUMNS, tile, untile
from gan_core.runs.lineage import Branch, family
from gan_core.runs.metadata import Metadata
from gan_core.runs.records import CURVE_EVENTS
from gan_core.runs.run import Run
from gan_core.runs.store import RunStore
from gan_core.runs.summary import RunSummary, summarize

__all__ = [
    "CURVE_EVENTS",
    "GRID_COLUMNS",
    "Branch",
    "Metadata",
    "Run",
    "RunError",
    "RunStore",
    "RunSummary",
    "family",
    "pack",
    "summarize",
    "tile",
    "unpack",
    "untile",
]

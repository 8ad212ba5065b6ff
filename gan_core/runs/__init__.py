"""The run library: a run is a folder of plain files that outlives the process which trained it."""

from gan_core.runs.archive import pack, unpack
from gan_core.runs.errors import RunError
from gan_core.runs.frames import COLUMNS_OF_PICTURES, tile, untile
from gan_core.runs.lineage import Branch, family
from gan_core.runs.metadata import Metadata
from gan_core.runs.run import MARKED, Run
from gan_core.runs.store import RunStore
from gan_core.runs.summary import RunSummary, summarise

__all__ = [
    "COLUMNS_OF_PICTURES",
    "MARKED",
    "Branch",
    "Metadata",
    "Run",
    "RunError",
    "RunStore",
    "RunSummary",
    "family",
    "pack",
    "summarise",
    "tile",
    "unpack",
    "untile",
]

"""The run library: a run is a folder of plain files that outlives the process which trained it."""

from gan_core.runs.about import About
from gan_core.runs.archive import pack, unpack
from gan_core.runs.files import RunError
from gan_core.runs.frames import COLUMNS_OF_PICTURES, tile, untile
from gan_core.runs.rest import at_rest
from gan_core.runs.run import MARKED, Run
from gan_core.runs.store import RunStore
from gan_core.runs.summary import RunSummary, summarise
from gan_core.runs.tree import Branch, family

__all__ = [
    "COLUMNS_OF_PICTURES",
    "MARKED",
    "About",
    "Branch",
    "Run",
    "RunError",
    "RunStore",
    "RunSummary",
    "at_rest",
    "family",
    "pack",
    "summarise",
    "tile",
    "unpack",
    "untile",
]

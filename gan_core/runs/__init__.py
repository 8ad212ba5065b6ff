"""The run library: a run is a folder of plain files that outlives the process which trained it."""

from gan_core.runs.files import RunError
from gan_core.runs.frames import COLUMNS_OF_PICTURES, tile, untile
from gan_core.runs.run import MARKED, Run, RunSummary
from gan_core.runs.store import RunStore

__all__ = ["COLUMNS_OF_PICTURES", "MARKED", "Run", "RunError", "RunStore", "RunSummary", "tile", "untile"]

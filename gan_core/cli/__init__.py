"""The command line: `python -m gan_core presets | train | resume | sample | evaluate | compare | export |
import | pretrain`.

Only the commands that train or sample import torch, so that the others answer at once.
"""

from gan_core.cli import compare, export, import_run, inspect_runs, list_presets, pretrain, train
from gan_core.cli.program import app, main

__all__ = ["app", "compare", "export", "import_run", "inspect_runs", "list_presets", "main", "pretrain", "train"]

"""What there is to choose from: one line for each loss, penalty, optimiser, network and data set.

A line names a choice, describes it in a sentence and says where its code lives. Nothing here imports torch: a form, a
command line or a validator can list every choice at once, and `Entry.load` imports the code when it is first needed.

To add a choice, write its small piece in its room and add its line here; the form, the command line, the URL and the
docs show it from then on.
"""

from gan_core.config.catalog.datasets import DATASETS
from gan_core.config.catalog.entries import (
    Catalog,
    DatasetEntry,
    Entry,
    Kind,
    NetworkEntry,
    OptimizerEntry,
    PenaltyEntry,
    UnknownNameError,
)
from gan_core.config.catalog.networks import BATCH_LAYERS, CONDITIONS, DISCRIMINATORS, GENERATORS, HEADS
from gan_core.config.catalog.training import LOSSES, OPTIMIZERS, PENALTIES

__all__ = [
    "BATCH_LAYERS",
    "CONDITIONS",
    "DATASETS",
    "DISCRIMINATORS",
    "GENERATORS",
    "HEADS",
    "LOSSES",
    "OPTIMIZERS",
    "PENALTIES",
    "Catalog",
    "DatasetEntry",
    "Entry",
    "Kind",
    "NetworkEntry",
    "OptimizerEntry",
    "PenaltyEntry",
    "UnknownNameError",
]

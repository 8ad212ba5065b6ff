"""All choices: one entry for each loss, penalty, optimiser, network and data set.

An entry names a choice, describes it in one sentence and says where its code is. Nothing here imports torch, so a form,
a command line or a validator can list every choice at once; `Entry.load` imports the code when it is first needed.

To add a choice, write its code in the folder of its kind and add its entry here. The form, the command line and the URL
then show it.
"""

from gan_core.config.catalog.datasets import DATASETS
from gan_core.config.catalog.entries import (
    Catalog,
    DatasetEntry,
    Entry,
    Kind,
    LossEntry,
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
    "LossEntry",
    "NetworkEntry",
    "OptimizerEntry",
    "PenaltyEntry",
    "UnknownNameError",
]

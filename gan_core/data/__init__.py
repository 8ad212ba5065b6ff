"""Training data: `load(config)` returns all examples in one tensor, their labels, and the credit.

`gan_core.config.catalog.DATASETS` lists the loaders, functions `(config, progress) -> Dataset`. A data set of points is
a `gan_core.data.points.PointSet`, which is such a function too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data import store

HELD_OUT = 64  # at most so many of the examples that the config leaves out are kept for evaluation
Progress = Callable[[float, str], None]
"""Called with the share that is done, 0 to 1, and a text. It may raise an exception to cancel loading."""


class DataError(RuntimeError):
    """Data that cannot be loaded. The message says what is missing, why, and what the user can do."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """All examples in one tensor, which several sessions share and must not write to.

    Images are in a fixed random order, so any slice is a random sample.
    """

    examples: Tensor  # uint8 images (N, C, H, W) or float32 points (N, 2), on the CPU; above 2 GiB mapped from a file
    labels: Tensor | None  # int64 (N,), indices into `classes`
    classes: tuple[str, ...]
    credit: str
    notes: tuple[str, ...] = ()  # messages for the user, such as which files were skipped and why
    held_out: Dataset | None = None  # a few examples that training does not use, if there are any

    def __len__(self) -> int:
        return len(self.examples)


def load(config: TrainConfig, progress: Progress | None = None) -> Dataset:
    """The data set of a config, from memory if it is one of the last few that this process has loaded.

    Points depend on `config.seed`; images do not. Threads that load the same set at the same time load it once.

    Raises `DataError` if there is no network, no usable file or no drawn point.
    """
    progress = progress or (lambda fraction, text: None)
    with _lock:
        slot = _slot(_key(config))
    if slot.lock.locked():
        progress(0.0, "Waiting for another session that loads the same data")
    with slot.lock:
        if slot.dataset is None:
            try:
                slot.dataset = config.dataset.load()(config, progress)
            except ModuleNotFoundError as error:
                raise DataError(
                    f'{config.dataset.label} needs the Python package "{error.name}", which is not installed'
                ) from error
        return slot.dataset


def forget() -> None:
    """Remove all data sets from memory, so that the next `load` reads the source."""
    _slot.cache_clear()


def _key(config: TrainConfig) -> Hashable:
    entry, data = config.dataset, config.data
    return (
        data.name,
        config.shape,
        data.count,
        tuple(getattr(data, name) for name in entry.reads),
        config.seed if entry.kind == "points" else None,
        store.fingerprint(data.path) if entry.needs == "files" else None,
    )


class _Slot:
    """A data set in memory, and the lock of the thread that loads it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.dataset: Dataset | None = None


@lru_cache(maxsize=4)
def _slot(key: Hashable) -> _Slot:
    return _Slot()


_lock = Lock()  # `lru_cache` alone may give two threads different slots for the same key

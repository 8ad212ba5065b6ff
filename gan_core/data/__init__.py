"""The data that a GAN imitates: `load(config)` gives one tensor in memory, its labels, and whom to credit.

Where each set comes from stands in `gan_core.config.catalog.DATASETS`. An entry's target is called as
`loader(config, progress) -> Dataset`; sets of points are a `gan_core.data.points.PointSet`, which can be called so too.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from weakref import WeakValueDictionary

from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data import store

HELD_OUT = 64  # examples at most that training never sees, where the config leaves any
Progress = Callable[[float, str], None]
"""Is told how much is done, from 0 to 1, and what is being done. It may raise, to give up."""


class DataError(RuntimeError):
    """Data that cannot be had; the message says what is missing, why, and what to do."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """All examples in one tensor that several sessions may share: index it, never write to it.

    Images stand in a fixed random order, so that any slice is a fair sample of the whole.
    """

    examples: Tensor  # images: uint8 (N, C, H, W); points: float32 (N, 2). On the CPU; mapped from a file above 2 GiB
    labels: Tensor | None  # int64 (N,), indices into `classes`
    classes: tuple[str, ...]
    credit: str
    notes: tuple[str, ...] = ()  # what the user should be told, such as files left out and why
    held_out: Dataset | None = None  # a few examples that training never sees; None where it sees all there are

    def __len__(self) -> int:
        return len(self.examples)


def load(config: TrainConfig, progress: Progress | None = None) -> Dataset:
    """The data set that `config` names, from memory if this process has loaded it lately.

    Points depend on `config.seed`; images do not. Threads that ask for the same set at once load it once.

    Raises:
        DataError: the data cannot be had: no network, no usable files, nothing drawn.
    """
    progress = progress or (lambda fraction, text: None)
    key = _key(config)
    turn = _memory.turn(key)
    if turn.locked():
        progress(0.0, "Waiting for another session that loads the same data")
    with turn:
        dataset = _memory.get(key)
        if dataset is None:
            try:
                dataset = config.dataset.load()(config, progress)
            except ModuleNotFoundError as error:
                raise DataError(
                    f'{config.dataset.label} needs the Python package "{error.name}", which is not installed'
                ) from error
            _memory.put(key, dataset)
    return dataset


def forget() -> None:
    """Let go of every data set kept in memory, so that the next `load` reads it anew."""
    _memory.clear()


def _key(config: TrainConfig) -> Hashable:
    entry, data = config.dataset, config.data
    return (
        data.name,
        config.shape,
        data.count,
        tuple(getattr(data, name) for name in entry.reads),
        config.seed if entry.kind == "points" else None,
        store.stamp(data.path) if entry.needs == "files" else None,
    )


class _Memory:
    """The data sets used last, and for each set that somebody is loading the lock of whose turn it is."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._guard = Lock()
        self._datasets: OrderedDict[Hashable, Dataset] = OrderedDict()
        self._turns: WeakValueDictionary[Hashable, Lock] = WeakValueDictionary()

    def turn(self, key: Hashable) -> Lock:
        with self._guard:
            return self._turns.setdefault(key, Lock())

    def get(self, key: Hashable) -> Dataset | None:
        with self._guard:
            if key in self._datasets:
                self._datasets.move_to_end(key)
            return self._datasets.get(key)

    def put(self, key: Hashable, dataset: Dataset) -> None:
        with self._guard:
            self._datasets[key] = dataset
            while len(self._datasets) > self._kept:
                self._datasets.popitem(last=False)

    def clear(self) -> None:
        with self._guard:
            self._datasets.clear()


_memory = _Memory(kept=4)

"""Training data: `load(config)` returns all examples in one tensor, their labels, and the credit.

`gan_core.config.catalog.DATASETS` lists the loaders, functions `(config, progress) -> Dataset`. A data set of points is
a `gan_core.data.points.PointSet`, which is such a function too. A loader that downloads has a method `is_here`, which
says whether it can do without. The loader of the user's pictures has a method `class_names`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from torch import Tensor

from gan_core.config import ConfigError, TrainConfig
from gan_core.data import store
from gan_core.system import formatting
from gan_core.system.arguments import instance

FEW = 500  # with fewer pictures, a GAN repeats them more than it invents
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
    one_attribute: bool = False  # the labels tell one attribute of the images, such as hair colour, and not the rest
    fingerprint: str = ""  # of the names and contents of the user's files, wherever they are; "" for other data sets

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def identity(self) -> dict[str, int | str]:
        """What a checkpoint keeps, to recognise the data."""
        return {"examples": len(self), "fingerprint": self.fingerprint}


def few_notes(config: TrainConfig, count: int) -> tuple[str, ...]:
    """A note for the user if the config trains on so many pictures of their own and they are few."""
    if config.dataset.needs != "files" or count >= FEW:
        return ()
    advice = "Augmentation is on, which helps" if config.augment.is_on else "Augmentation helps (augment.adaptive=0.6)"
    pictures_are = formatting.plural(count, "picture is", "pictures are")
    return (f"{pictures_are} few: a GAN repeats them more than it invents. {FEW} or more are better. {advice}",)


def load(config: TrainConfig, progress: Progress | None = None, download: bool = True) -> Dataset:
    """The data set of a config, from memory if it is one of the last few that this process has loaded.

    Points depend on `config.seed`; images do not. Threads that load the same set at the same time load it once.

    Raises `DataError` if there is no network, no usable file or no drawn point, or if it is not on this machine and
    `download` is false.
    """
    instance("config", config, TrainConfig, "use presets.load(id)")
    progress = progress or (lambda fraction, text: None)
    with _lock:
        slot = _slot(_key(config))
    if slot.lock.locked():
        progress(0.0, "Waiting for another session that loads the same data")
    with slot.lock:
        if slot.dataset is None:
            try:
                loader = config.dataset.load()
                if not download and not getattr(loader, "is_here", lambda: True)():
                    raise DataError(f"{config.dataset.label} is not on this machine; training on it downloads it once")
                slot.dataset = loader(config, progress)
            except ModuleNotFoundError as error:
                raise DataError(
                    f'{config.dataset.label} needs the Python package "{error.name}", which is not installed'
                ) from error
    if config.condition.name != "none" and not slot.dataset.classes:
        raise DataError(
            f"The pictures in {config.data.path} have no classes: put the pictures of each class into a folder, two or "
            'more side by side, or set condition.name to "none"'
        )
    return slot.dataset


def with_absolute_path(config: TrainConfig) -> TrainConfig:
    """The config with the absolute form of its `data.path`, so that it names the same files from any folder."""
    if config.dataset.needs != "files" or not config.data.path:
        return config
    with suppress(ConfigError):  # the path becomes too long
        return config.with_values({"data.path": store.absolute(config.data.path)})
    return config


def with_classes(config: TrainConfig, dataset: Dataset | None = None) -> TrainConfig:
    """The config with the classes of the user's pictures, if it is conditional and does not name them yet.

    Without the loaded data set, the names of the folders tell them. A folder that cannot be read leaves them unknown;
    `load` says why.
    """
    if config.condition.name == "none" or config.dataset.needs != "files" or config.data.classes:
        return config
    with suppress(DataError, ConfigError):
        classes = dataset.classes if dataset is not None else config.dataset.load().class_names(config.data.path)
        return config.with_values({"data.classes": classes})
    return config


def training_data(config: TrainConfig, dataset: Dataset | None = None) -> tuple[Dataset, TrainConfig]:
    """The given data set or the config's own, and the config with its classes. Raises as `load` and `checked` do."""
    dataset = load(config) if dataset is None else dataset
    config = with_classes(config, dataset) if isinstance(dataset, Dataset) else config
    return checked(dataset, config), config


def checked(dataset: Dataset, config: TrainConfig) -> Dataset:
    """The data set, if a GAN of this config can train on it.

    Raises `ValueError`, which says why it cannot, or `DataError` if the folders of the user's pictures have changed.
    """
    instance("dataset", dataset, Dataset, "use data.load(config)")
    examples, labels = dataset.examples, dataset.labels
    if tuple(examples.shape[1:]) != config.shape:
        raise ValueError(
            f"the examples have the shape {tuple(examples.shape[1:])}, and the config's are {config.shape}"
        )
    if examples.is_floating_point() and not bool(examples.isfinite().all()):
        raise ValueError("the examples contain NaN or infinity")
    if config.condition.name != "none" and labels is None:
        raise ValueError("the config is conditional, and the data set has no labels")
    if config.data.classes and config.classes not in ((), dataset.classes):
        before, now = (", ".join(classes) or "none" for classes in (config.classes, dataset.classes))
        raise DataError(f"The folders of the pictures have changed: the classes were {before}, and are now {now}")
    if labels is not None and len(labels) != len(examples):
        raise ValueError(f"the data set has {len(labels)} labels for {len(examples)} examples")
    if (
        config.classes
        and labels is not None
        and len(labels)
        and not 0 <= int(labels.min()) <= int(labels.max()) < len(config.classes)
    ):
        raise ValueError(
            f"labels must be from 0 to {len(config.classes) - 1}; they are {labels.min()} to {labels.max()}"
        )
    return dataset


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

"""What a folder or a zip file of pictures holds, by the headers of the pictures; and a preview of training data."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data import Progress, load
from gan_core.data.arrangement import MASKS, Arrangement, arrange
from gan_core.data.decoding import READ_ERRORS
from gan_core.data.folder import folder
from gan_core.data.headers import Header, headers
from gan_core.data.sources import Source, source_of


@dataclass(frozen=True)
class Survey:
    """The pictures in a folder or a zip file, by their headers. A picture that is broken inside counts as usable."""

    pictures: int  # that training uses: without copies, other splits and masks
    skipped: Mapping[str, tuple[str, ...]]  # names of the other files, by reason
    duplicates: tuple[tuple[str, str], ...]  # names of two files with the same content; the first is used
    smallest: tuple[int, int]  # width and height of the picture with the fewest pixels; (0, 0) without pictures
    median: tuple[int, int]
    largest: tuple[int, int]
    not_square: float  # share of the pictures, 0 to 1
    transparent: float
    grey: float
    sixteen_bit: float  # share of the pictures whose grey values have more than 8 bits
    classes: Mapping[str, int]  # pictures in each class; empty if the folders are no classes
    splits: Mapping[str, int]  # pictures in each split, of which only training's is used; empty without splits
    masks: int  # masks of other pictures, which are left out
    notes: tuple[str, ...]  # sentences for the user on the meaning of the folders and the names


def survey(path: str, progress: Progress | None = None) -> Survey:
    """Survey a folder or a zip file of pictures, from their headers.

    Raises `DataError` if there is no such folder or zip file, it cannot be read, or the zip unpacks to over 2 GB.
    """
    progress = progress or (lambda fraction, text: None)
    with source_of(path) as source:
        found = arrange(source.names)
        return _survey(source, found, progress)


def _survey(source: Source, found: Arrangement, progress: Progress) -> Survey:
    skipped: dict[str, list[str]] = defaultdict(list)
    for reason, names in (*source.skipped.items(), *found.skipped.items()):
        skipped[reason] += names
    usable: dict[str, Header] = {}
    for name, header in headers(source, found.train, progress):
        if isinstance(header, Header):
            usable[name] = header
        else:
            skipped[header].append(name)
    duplicates = tuple(_duplicates(source, usable, found))
    for _, copy in duplicates:
        del usable[copy]
    every = [*usable.values()]
    by_area = sorted((header.size for header in every), key=lambda size: size[0] * size[1]) or [(0, 0)]

    def share(some: Iterable[bool]) -> float:
        return sum(some) / max(1, len(every))

    counts = Counter(found.labels(usable)) if found.classes else Counter()
    return Survey(
        pictures=len(usable),
        skipped={reason: tuple(names) for reason, names in skipped.items() if names},
        duplicates=duplicates,
        smallest=by_area[0],
        median=by_area[len(by_area) // 2],
        largest=by_area[-1],
        not_square=share(header.size[0] != header.size[1] for header in every),
        transparent=share(header.transparent for header in every),
        grey=share(header.grey for header in every),
        sixteen_bit=share(header.deep for header in every),
        classes={name: counts[i] for i, name in enumerate(found.classes)},
        splits=found.splits,
        masks=len(found.skipped.get(MASKS, ())),
        notes=(*source.notes, *found.notes),
    )


def _duplicates(source: Source, usable: Mapping[str, Header], found: Arrangement) -> Iterable[tuple[str, str]]:
    """Pairs of files with the same content and class. Only files of pictures of the same size are read."""
    groups: dict[object, list[str]] = defaultdict(list)
    for name, header in usable.items():
        groups[header, source.size(name), found.class_of.get(name)].append(name)
    for names in groups.values():
        first: dict[bytes, str] = {}
        for name in names if len(names) > 1 else ():
            try:
                with source.open(name) as file:
                    content = hashlib.sha256(file.read()).digest()
            except READ_ERRORS:
                continue
            if first.setdefault(content, name) != name:
                yield first[content], name


def preview(config: TrainConfig, n: int = 16) -> Tensor:
    """The first `n` examples as training sees them: uint8 (at most n, C, side, side), or float32 points (n, 2).

    Of the user's pictures only some are decoded, however many there are. Raises `DataError` as `load` does.
    """
    if config.dataset.needs != "files":
        return load(config).examples[:n]
    return folder(config.with_values({"data.count": n}), lambda fraction, text: None).examples

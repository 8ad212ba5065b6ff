"""Images to one uint8 tensor: resized, grey or RGB; files of images that are read by several threads."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gan_core.config import TrainConfig
from gan_core.data import HELD_OUT, DataError, Dataset, Progress, store
from gan_core.data.decoding import PLAIN, READ_ERRORS, Style, reason_of, square, with_image
from gan_core.system import formatting
from gan_core.system.limits import usable_cores

_IN_MEMORY = 2 << 30  # bytes; a larger data set is mapped from a file
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in Pillow's mode "L"


def dataset(
    config: TrainConfig, images: Tensor, labels: Tensor | None, progress: Progress, in_order: bool = False
) -> Dataset:
    """The data set of a config, from all images of its source, uint8 (N, C, H, W).

    Args:
        in_order: whether the images and labels are already in the order of `fixed_order`.
    """
    order = torch.arange(len(images)) if in_order else fixed_order(len(images))
    count = config.data.count or len(images)

    def subset(indices: Tensor, notes: tuple[str, ...] = (), held_out: Dataset | None = None) -> Dataset:
        chosen = images if in_order and len(indices) == len(images) else images[indices].contiguous()
        examples = resize_all(chosen, config.shape, progress)
        subset_labels = None if labels is None else labels[indices]
        classes, one_attribute = config.label_classes, bool(config.dataset.other_classes)
        return Dataset(examples, subset_labels, classes, config.dataset.credit, notes, held_out, one_attribute)

    rest = order[count : count + HELD_OUT]
    return subset(order[:count], shortage(len(images), config.data.count), subset(rest) if len(rest) else None)


def fixed_order(available: int) -> Tensor:
    """The indices of all examples in a random order, of which a config uses the first `data.count`.

    The order is the same for every config, so compared runs train on the same examples.
    """
    return torch.randperm(available, generator=torch.Generator().manual_seed(0))


def shortage(available: int, count: int) -> tuple[str, ...]:
    """A note if there are fewer examples than the config asks for."""
    return (f"Asked for {count:,} examples; there are {available:,}, and all are used",) if count > available else ()


def resize_all(images: Tensor, shape: tuple[int, ...], progress: Progress) -> Tensor:
    """Square images, uint8 (N, C, H, W), as uint8 (N, *shape), shape being (channels, side, side)."""
    if images.shape[1:] == shape:
        return images
    resized = allocate((len(images), *shape))
    for start in range(0, len(images), 1000):
        progress(start / len(images), f"Resizing pictures: {start:,} of {len(images):,}")
        chunk = images[start : start + 1000]
        if chunk.shape[2:] != shape[1:]:
            chunk = F.interpolate(chunk, shape[1:], mode="bicubic", antialias=True)
        if shape[0] == 1 and chunk.shape[1] == 3:
            chunk = torch.tensordot(chunk.float(), torch.tensor(_LUMA), ([1], [0])).round().byte().unsqueeze(1)
        resized[start : start + 1000] = chunk  # broadcasts (n, 1, H, W) to three channels
    return resized


def allocate(shape: tuple[int, ...]) -> Tensor:
    """An uninitialised uint8 tensor: in memory, or above 2 GiB in a file that exists as long as the tensor.

    Raises `DataError` if the disk has too little space for that file.
    """
    size = math.prod(shape)
    if size <= _IN_MEMORY:
        return torch.empty(shape, dtype=torch.uint8)
    folder = store.folder()
    folder.mkdir(parents=True, exist_ok=True)
    if size > (free := shutil.disk_usage(folder).free):
        raise DataError(
            f"These pictures take {formatting.size(size)} and {folder} has {formatting.size(free)} left; "
            f"use fewer (data.count), smaller (data.size) or grey ones (data.channels)"
        )
    with tempfile.TemporaryFile(dir=folder) as file:
        return torch.from_numpy(np.memmap(file, np.uint8, "w+", shape=shape))


@dataclass(frozen=True)
class Pictures:
    """The pictures that were read, and the files that were not used."""

    examples: Tensor  # uint8 (N, C, side, side)
    names: list[str]  # files of the N pictures
    checksums: dict[str, int]  # of the contents of these files and of the copies
    copies: dict[str, str]  # files with the same picture as another one, and the name of that one
    in_groups: int  # pictures that are in more than one group
    narrow: int  # how many of the N pictures have a longer side of over 1.5 times the shorter one
    skipped: dict[str, list[str]]  # the other files, by reason


def read_all(
    names: Sequence[str],
    open_: Callable[[str], BinaryIO],
    count: int,
    shape: tuple[int, ...],
    progress: Progress,
    style: Style = PLAIN,
    group_of: Callable[[str], Hashable] | None = None,
) -> Pictures:
    """The pictures of the first `count` usable files, or of all if `count` is 0, read by up to four threads.

    With `group_of`, pictures that are the same and of the same group are used once.
    """
    wanted = min(count or len(names), len(names))
    examples = allocate((wanted, *shape))
    used: list[str] = []
    checksums: dict[str, int] = {}
    copies: dict[str, str] = {}
    skipped: dict[str, list[str]] = defaultdict(list)
    first: dict[Hashable, dict[Hashable, str]] = defaultdict(dict)  # name of the first picture, by digest and group
    narrow = 0

    def try_read(name: str) -> tuple[NDArray[np.uint8], tuple[int, int], int] | str:
        try:
            with open_(name) as file:
                pixels, size = with_image(file, lambda image: (square(image, shape, style), image.size))
                return pixels, size, _checksum(file)
        except READ_ERRORS as error:
            return reason_of(error)

    with ThreadPoolExecutor(min(4, usable_cores())) as pool:
        tried = 0
        while len(used) < wanted and tried < len(names):
            batch = names[tried : tried + min(64, wanted - len(used))]
            for name, picture in zip(batch, pool.map(try_read, batch), strict=True):
                if isinstance(picture, str):
                    skipped[picture].append(name)
                    continue
                pixels, size, checksums[name] = picture
                if group_of is not None:
                    group = first[_digest(pixels, checksums[name])]
                    if (same := group.setdefault(group_of(name), name)) != name:
                        copies[name] = same
                        continue
                examples[len(used)] = torch.from_numpy(pixels)
                used.append(name)
                narrow += 3 * min(size) < 2 * max(size)
            tried += len(batch)
            done = max(len(used) / wanted, tried / len(names))
            progress(done, f"Reading pictures: {len(used):,} of {wanted:,}")
    in_groups = sum(len(groups) > 1 for groups in first.values())
    return Pictures(examples[: len(used)], used, checksums, copies, in_groups, narrow, dict(skipped))


def _digest(pixels: NDArray[np.uint8], checksum: int) -> Hashable:
    """A value that is the same for the same picture. Pictures of one colour are the same only if their files are."""
    one_colour = bool((pixels == pixels[:, :1, :1]).all())
    return hashlib.sha256(pixels.tobytes()).digest(), checksum if one_colour else None


def _checksum(file: BinaryIO) -> int:
    """The CRC-32 of the file's content."""
    checksum = 0
    file.seek(0)
    while chunk := file.read(1 << 20):
        checksum = zlib.crc32(chunk, checksum)
    return checksum


def skipped_notes(skipped: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """For each reason, a sentence with the number of skipped files and the first of their names."""
    for reason, names in skipped.items():
        yield f"Skipped {formatting.plural(len(names), 'file', 'files')} ({reason}): {first_names(names)}"


def first_names(names: Iterable[str]) -> str:
    """The first three names, and how many more there are."""
    shown = sorted(names)
    more = f" and {len(shown) - 3:,} more" if len(shown) > 3 else ""
    return ", ".join(map(printable_name, shown[:3])) + more


def printable_name(name: str) -> str:
    """A file's name as short printable text; the name itself may hold any bytes."""
    return formatting.printable(os.path.basename(name), 40)

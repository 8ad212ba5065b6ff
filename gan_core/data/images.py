"""Image files to one uint8 tensor: cropped to a square, resized, grey or RGB."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional as F

from gan_core.config import TrainConfig
from gan_core.data import HELD_OUT, DataError, Dataset, Progress, store

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MIN_SIDE = 8  # pixels
MAX_PIXELS = 100_000_000
UNREADABLE = "cannot be read"
BROKEN = "broken or not a picture"
TOO_SMALL = f"smaller than {MIN_SIDE} pixels"
TOO_LARGE = f"larger than {MAX_PIXELS // 1_000_000} megapixels"
_LARGE = 16_000_000  # pixels; decoding a larger picture takes up to 1.2 GB, so one at a time
_IN_MEMORY = 2 << 30  # bytes; a larger data set is mapped from a file
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in Pillow's mode "L"

_one_large = threading.Lock()


def dataset(config: TrainConfig, images: Tensor, labels: Tensor | None, progress: Progress) -> Dataset:
    """The data set of a config, from all images of its source, uint8 (N, C, H, W)."""
    order = fixed_order(len(images))
    count = config.data.count or len(images)

    def subset(indices: Tensor, notes: tuple[str, ...] = (), held_out: Dataset | None = None) -> Dataset:
        examples = resize_all(images[indices].contiguous(), config.shape, progress)
        subset_labels = None if labels is None else labels[indices]
        return Dataset(examples, subset_labels, config.dataset.classes, config.dataset.credit, notes, held_out)

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
            f"These pictures take {size / 1e9:.1f} GB and {folder} has {free / 1e9:.1f} GB left; "
            f"use fewer (data.count), smaller (data.size) or grey ones (data.channels)"
        )
    with tempfile.TemporaryFile(dir=folder) as file:
        return torch.from_numpy(np.memmap(file, np.uint8, "w+", shape=shape))


class UnusableImageError(Exception):
    """A file to skip. The message is the reason in a few words."""


@dataclass(frozen=True)
class Pictures:
    """The pictures that were read, and the files that were skipped."""

    examples: Tensor  # uint8 (N, C, side, side)
    names: list[str]  # files of the N pictures
    skipped: dict[str, list[str]]  # the other files, by reason


def read_all(
    names: Sequence[str], open_: Callable[[str], BinaryIO], count: int, shape: tuple[int, ...], progress: Progress
) -> Pictures:
    """The pictures of the first `count` usable files, or of all if `count` is 0, read by up to four threads."""
    wanted = min(count or len(names), len(names))
    examples = allocate((wanted, *shape))
    used: list[str] = []
    skipped: dict[str, list[str]] = defaultdict(list)

    def try_read(name: str) -> NDArray[np.uint8] | str:
        try:
            with open_(name) as file:
                return read(file, shape)
        except UnusableImageError as reason:
            return str(reason)
        except OSError:
            return UNREADABLE

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        tried = 0
        while len(used) < wanted and tried < len(names):
            batch = names[tried : tried + min(64, wanted - len(used))]
            for name, picture in zip(batch, pool.map(try_read, batch), strict=True):
                if isinstance(picture, str):
                    skipped[picture].append(name)
                else:
                    examples[len(used)] = torch.from_numpy(picture)
                    used.append(name)
            tried += len(batch)
            progress(max(len(used) / wanted, tried / len(names)), f"Reading pictures: {len(used):,} of {wanted:,}")
    return Pictures(examples[: len(used)], used, dict(skipped))


def skipped_notes(skipped: Mapping[str, list[str]]) -> Iterator[str]:
    """For each reason, a sentence with the number of skipped files and the first of their names."""
    for reason, names in skipped.items():
        first = ", ".join(map(printable_name, sorted(names)[:3]))
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        yield f"Skipped {len(names):,} {'file' if len(names) == 1 else 'files'} ({reason}): {first}{more}"


def printable_name(name: str) -> str:
    """A file's name as short printable text; the name itself may hold any bytes."""
    text = "".join(c if c.isprintable() else "?" for c in os.path.basename(name))
    return text if len(text) <= 40 else text[:37] + "..."


def read(file: BinaryIO, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The picture in `file`, cropped to its centre square, as uint8 (channels, side, side).

    Raises `UnusableImageError` if it is broken, not a picture, too small or too large.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            return crop(image, shape)
    except UnusableImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnusableImageError(TOO_LARGE) from None
    except Exception as error:  # not a picture
        raise UnusableImageError(BROKEN) from error


def crop(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The centre square of a picture, resized to `shape` (channels, side, side), on white where it is transparent.

    Raises `UnusableImageError` if it is broken, too small or too large.
    """
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise UnusableImageError(TOO_LARGE)
    if min(image.size) < MIN_SIDE:
        raise UnusableImageError(TOO_SMALL)
    try:
        with _one_large if pixels > _LARGE else nullcontext():
            return _square(image, shape)
    except Exception as error:  # Pillow's decoders raise many kinds of errors on broken data
        raise UnusableImageError(BROKEN) from error


def _square(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    channels, side, _ = shape
    image.draft(None, (2 * side, 2 * side))  # decodes a large JPEG at a fraction of its size
    ImageOps.exif_transpose(image, in_place=True)
    image = _eight_bits(image)
    width, height = image.size
    edge = min(width, height)
    box = ((width - edge) / 2, (height - edge) / 2, (width + edge) / 2, (height + edge) / 2)
    image = image.resize((side, side), Image.Resampling.LANCZOS, box, reducing_gap=3.0)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    pixels = np.array(image.convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(side, side, channels).transpose(2, 0, 1)


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture in mode L, RGB or RGBA."""
    if image.mode.startswith("I"):  # 16-bit grey, which `convert` would clip at 255
        return Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode == "L" else "RGB"
    return image if image.mode == mode else image.convert(mode)

"""Pictures of any kind on their way into one uint8 tensor: cut square, resized, grey or RGB."""

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
SMALLEST = 8  # pixels on the shorter side
LARGEST = 100_000_000  # pixels in all
UNREADABLE = "cannot be read"
BROKEN = "broken or no picture"
TOO_SMALL = f"smaller than {SMALLEST} pixels"
TOO_LARGE = f"larger than {LARGEST // 1_000_000} megapixels"
_LARGE = 16_000_000  # pixels; larger pictures take up to 1.2 GB while they are decoded, so one at a time
_IN_MEMORY = 2 << 30  # bytes; larger sets are mapped from a file, of which the system keeps in memory what it can
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in Pillow's mode "L"

_one_large = threading.Lock()


def dataset(config: TrainConfig, images: Tensor, labels: Tensor | None, progress: Progress) -> Dataset:
    """The data set that a config asks for, out of all its images as they come, uint8 (N, C, H, W)."""
    shuffled = order(len(images))
    seen = config.data.count or len(images)

    def part(picked: Tensor, notes: tuple[str, ...] = (), held_out: Dataset | None = None) -> Dataset:
        examples = fit(images[picked].contiguous(), config.shape, progress)
        own_labels = None if labels is None else labels[picked]
        return Dataset(examples, own_labels, config.dataset.classes, config.dataset.credit, notes, held_out)

    rest = shuffled[seen : seen + HELD_OUT]
    return part(shuffled[:seen], shortage(len(images), config.data.count), part(rest) if len(rest) else None)


def order(available: int) -> Tensor:
    """Indices of all `available` examples in one random order, of which a config takes as many from the start.

    The order is the same for every config, so that compared runs see the same examples.
    """
    return torch.randperm(available, generator=torch.Generator().manual_seed(0))


def shortage(available: int, count: int) -> tuple[str, ...]:
    """A note that there are fewer examples than the config asks for, if so."""
    return (f"Asked for {count:,} examples; there are {available:,}, and all are used",) if count > available else ()


def fit(images: Tensor, shape: tuple[int, ...], progress: Progress) -> Tensor:
    """Square images, uint8 (N, C, H, W), as uint8 (N, *shape), shape being (channels, side, side)."""
    if images.shape[1:] == shape:
        return images
    fitted = room((len(images), *shape))
    for start in range(0, len(images), 1000):
        progress(start / len(images), f"Resizing pictures: {start:,} of {len(images):,}")
        some = images[start : start + 1000]
        if some.shape[2:] != shape[1:]:
            some = F.interpolate(some, shape[1:], mode="bicubic", antialias=True)
        if shape[0] == 1 and some.shape[1] == 3:
            some = torch.tensordot(some.float(), torch.tensor(_LUMA), ([1], [0])).round().byte().unsqueeze(1)
        fitted[start : start + 1000] = some  # (n, 1, H, W) is repeated over three channels
    return fitted


def room(shape: tuple[int, ...]) -> Tensor:
    """An empty uint8 tensor: in memory, or above 2 GiB in a file that lasts as long as the tensor.

    Raises:
        DataError: the disk is too full for that file.
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


class Unusable(Exception):  # noqa: N818 - not a fault, but a file to leave out
    """A picture that cannot be used; the message is the reason in a few words."""


@dataclass(frozen=True)
class Pictures:
    """What became of many files."""

    examples: Tensor  # uint8 (N, C, side, side)
    names: list[str]  # of the N files used
    left_out: dict[str, list[str]]  # the other files, by the reason


def read_all(
    names: Sequence[str], open_: Callable[[str], BinaryIO], count: int, shape: tuple[int, ...], progress: Progress
) -> Pictures:
    """The pictures of the first `count` usable files, or of all where `count` is 0, read on a few threads."""
    wanted = min(count or len(names), len(names))
    examples = room((wanted, *shape))
    used: list[str] = []
    left_out: dict[str, list[str]] = defaultdict(list)

    def attempt(name: str) -> NDArray[np.uint8] | str:
        try:
            with open_(name) as file:
                return read(file, shape)
        except Unusable as reason:
            return str(reason)
        except OSError:
            return UNREADABLE

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        tried = 0
        while len(used) < wanted and tried < len(names):
            some = names[tried : tried + min(64, wanted - len(used))]
            for name, picture in zip(some, pool.map(attempt, some), strict=True):
                if isinstance(picture, str):
                    left_out[picture].append(name)
                else:
                    examples[len(used)] = torch.from_numpy(picture)
                    used.append(name)
            tried += len(some)
            progress(max(len(used) / wanted, tried / len(names)), f"Reading pictures: {len(used):,} of {wanted:,}")
    return Pictures(examples[: len(used)], used, dict(left_out))


def left_out_notes(left_out: Mapping[str, list[str]]) -> Iterator[str]:
    """A sentence for each reason: how many files were left out, and the first of their names."""
    for reason, names in left_out.items():
        first = ", ".join(map(shown, sorted(names)[:3]))
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        yield f"Left out {len(names):,} {'file' if len(names) == 1 else 'files'} ({reason}): {first}{more}"


def shown(name: str) -> str:
    """A file's name as text that is safe to show: names may hold any bytes."""
    text = "".join(c if c.isprintable() else "?" for c in os.path.basename(name))
    return text if len(text) <= 40 else text[:37] + "..."


def read(file: BinaryIO, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The picture in `file`, cut to its centre square, as (channels, side, side).

    Raises:
        Unusable: it is broken, no picture, too small or too large.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            return cut(image, shape)
    except Unusable:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unusable(TOO_LARGE) from None
    except Exception as error:  # no picture
        raise Unusable(BROKEN) from error


def cut(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The centre square of a picture as (channels, side, side), shape being that; what is transparent becomes white.

    Raises:
        Unusable: it is broken, too small or too large.
    """
    pixels = image.width * image.height
    if pixels > LARGEST:
        raise Unusable(TOO_LARGE)
    if min(image.size) < SMALLEST:
        raise Unusable(TOO_SMALL)
    try:
        with _one_large if pixels > _LARGE else nullcontext():
            return _square(image, shape)
    except Exception as error:  # on broken bytes, Pillow's decoders raise nearly anything
        raise Unusable(BROKEN) from error


def _square(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    channels, side, _ = shape
    image.draft(None, (2 * side, 2 * side))  # has a large JPEG decoded at a fraction of its size
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
    """The same picture in mode L, RGB or RGBA."""
    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip at 255
        return Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode == "L" else "RGB"
    return image if image.mode == mode else image.convert(mode)

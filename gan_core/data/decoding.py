"""One image file to a square of pixels: upright, in sRGB, without transparency."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gan_core.data import colours, repairs
from gan_core.data.formats import DECODERS, HEADER, reason_by_content

MIN_SIDE = 8  # pixels
MAX_PIXELS = 100_000_000
UNREADABLE = "cannot be read"
NO_PERMISSION = "no permission to read it"
BROKEN = "broken or not a picture"
TOO_SMALL = f"smaller than {MIN_SIDE} pixels"
TOO_LARGE = f"larger than {MAX_PIXELS // 1_000_000} megapixels"
_LARGE = 16_000_000  # pixels; decoding a larger picture takes up to 1.2 GB, so one at a time
_CONTENT = 1 << 28  # bytes of a file that are repaired at most

_one_large = threading.Lock()
T = TypeVar("T")


class UnusableImageError(Exception):
    """A file to skip. The message is the reason in a few words."""


READ_ERRORS = (UnusableImageError, OSError)


@dataclass(frozen=True)
class Style:
    """How pictures become squares of 8 bits; the same for all pictures of a data set."""

    fit: str = "crop"  # or "pad" or "stretch"
    ground: str = "white"  # the colour behind transparent pixels and beside padded pictures
    deep_range: tuple[float, float] | None = None  # the values of deep pictures that become 0 and 255


PLAIN = Style()


def read(file: BinaryIO, shape: tuple[int, ...], style: Style = PLAIN) -> NDArray[np.uint8]:
    """The picture in `file` as a square, uint8 (channels, side, side).

    Raises `UnusableImageError` if it is broken, not a picture, too small or too large.
    """
    return with_image(file, lambda image: square(image, shape, style))


def with_image(file: BinaryIO, use: Callable[[Image.Image], T]) -> T:
    """What `use` returns for the picture in `file`; damage that does not touch the pixels is repaired first.

    Raises `UnusableImageError` if it is broken, not a picture, too small or too large.
    """
    try:
        return _opened(file, use)
    except UnusableImageError as reason:
        if str(reason) != BROKEN:
            raise
    file.seek(0)
    content = file.read(_CONTENT)
    with suppress(UnusableImageError):
        return _opened(io.BytesIO(repairs.without_metadata(content)), use)
    if whole := repairs.with_end_marker(content):
        return _opened(io.BytesIO(whole), use)
    raise UnusableImageError(reason_by_content(content[:HEADER]) or BROKEN)


def _opened(file: BinaryIO, use: Callable[[Image.Image], T]) -> T:
    try:
        with Image.open(file, formats=DECODERS) as image:
            _check_size(image)
            return use(image)
    except UnusableImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnusableImageError(TOO_LARGE) from None
    except Exception as error:  # Pillow's decoders raise many kinds of errors on broken data
        raise UnusableImageError(BROKEN) from error


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UnusableImageError(TOO_LARGE)
    if min(image.size) < MIN_SIDE:
        raise UnusableImageError(TOO_SMALL)


def reason_of(error: Exception) -> str:
    """Why a file cannot be used, in a few words, from one of READ_ERRORS."""
    if isinstance(error, UnusableImageError):
        return str(error)
    return NO_PERMISSION if isinstance(error, PermissionError) else UNREADABLE


def crop(image: Image.Image, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The centre square of a picture, resized to `shape` (channels, side, side), on white where it is transparent.

    Raises `UnusableImageError` if it is broken, too small or too large.
    """
    _check_size(image)
    try:
        return square(image, shape, PLAIN)
    except Exception as error:  # Pillow's decoders raise many kinds of errors on broken data
        raise UnusableImageError(BROKEN) from error


def square(image: Image.Image, shape: tuple[int, ...], style: Style) -> NDArray[np.uint8]:
    """The picture resized to `shape` (channels, side, side)."""
    channels, side, _ = shape
    with _one_large if image.width * image.height > _LARGE else nullcontext():
        image.draft(None, (2 * side, 2 * side))  # decodes a large JPEG at a fraction of its size
        image.load()
        profile = image.info.get("icc_profile")
        with suppress(Exception):  # damaged EXIF data raise many kinds of errors; the picture is then not turned
            ImageOps.exif_transpose(image, in_place=True)
        image = colours.eight_bits(image, profile, style.deep_range)
        image = _resized(image, side, style.fit)
    image = colours.as_srgb(image, profile)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, style.ground), image)
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (side, side):
        padded = Image.new(image.mode, (side, side), style.ground)
        padded.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        image = padded
    return np.array(image).reshape(side, side, channels).transpose(2, 0, 1)


def _resized(image: Image.Image, side: int, fit: str) -> Image.Image:
    width, height = image.size
    if fit == "crop":
        edge = min(width, height)
        box = ((width - edge) / 2, (height - edge) / 2, (width + edge) / 2, (height + edge) / 2)
        return image.resize((side, side), Image.Resampling.LANCZOS, box, reducing_gap=3.0)
    edge = max(width, height)
    size = (side, side) if fit == "stretch" else (max(1, side * width // edge), max(1, side * height // edge))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)

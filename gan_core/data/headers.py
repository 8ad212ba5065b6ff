"""What the headers of image files say, read by several threads, and the style that suits all pictures of a set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import Image

from gan_core.config import TrainConfig
from gan_core.data import Progress, colours
from gan_core.data.decoding import READ_ERRORS, Style, reason_of, with_image
from gan_core.data.sources import Source
from gan_core.system import formatting
from gan_core.system.limits import usable_cores

T = TypeVar("T")

_JPEG = b"\xff\xd8\xff"
_EXAMINED = 200  # deep or transparent pictures, from which the style is chosen
_NEARLY_WHITE = 240  # the mean of the opaque pixels, of 255
_TAIL = 0.01  # percent of a deep picture's values at each end, such as broken pixels, that its range leaves out


@dataclass(frozen=True)
class Header:
    """A picture's properties, known without its pixels."""

    size: tuple[int, int]
    grey: bool
    deep: bool  # grey with more than 8 bits
    transparent: bool


def headers(source: Source, names: Sequence[str], progress: Progress) -> Iterator[tuple[str, Header | str]]:
    """Each file's header, or the reason why it cannot be used."""

    def read(name: str) -> Header | str:
        try:
            with source.open(name) as file:
                return with_image(file, _header)
        except READ_ERRORS as error:
            return reason_of(error)

    with ThreadPoolExecutor(min(4, usable_cores())) as pool:
        for start in range(0, len(names), 64):
            progress(start / len(names), f"Looking at the pictures: {start:,} of {len(names):,}")
            batch = names[start : start + 64]
            yield from zip(batch, pool.map(read, batch), strict=True)


def _header(image: Image.Image) -> Header:
    deep = colours.is_deep(image)
    return Header(image.size, deep or image.mode in ("1", "L", "LA", "La"), deep, image.has_transparency_data)


def may_be_special(source: Source, name: str) -> bool:
    """Whether a picture may be deep or transparent, which no JPEG is."""
    try:
        return not source.start(name).startswith(_JPEG)
    except READ_ERRORS:
        return False


def style_for(config: TrainConfig, source: Source, found: Mapping[str, Header]) -> tuple[Style, list[str]]:
    """The style of a config for the pictures with these headers, and notes on what was chosen."""
    deep = [name for name, header in found.items() if header.deep]
    transparent = [name for name, header in found.items() if header.transparent]
    notes, ground, deep_range = [], config.data.ground, None
    if deep and (limits := _deep_range(source, deep[:_EXAMINED])):
        deep_range = limits
        low, high = (f"{limit:.4g}" for limit in limits)
        have = formatting.plural(len(deep), "picture has", "pictures have")
        notes.append(f"{have} grey values of more than 8 bits: {low} is shown as black, {high} as white")
    if ground == "auto":
        bright = bool(transparent) and _are_nearly_white(source, transparent[:_EXAMINED])
        ground = "black" if bright else "white"
    if transparent:
        are = formatting.plural(len(transparent), "picture is", "pictures are")
        they = "it is" if len(transparent) == 1 else "they are"
        why = f", as {they} nearly white" if ground == "black" and config.data.ground == "auto" else ""
        notes.append(f"{are} transparent: {they} shown on {ground}{why} (data.ground)")
    return Style(config.data.fit, ground, deep_range), notes


def _deep_range(source: Source, names: Sequence[str]) -> tuple[float, float] | None:
    """The lowest and the highest value of deep pictures, None for those that use most of 16 bits."""

    def limits(image: Image.Image) -> tuple[float, float]:
        values = np.asarray(image)
        values = values[np.isfinite(values)]
        low, high = np.percentile(values, (_TAIL, 100 - _TAIL)) if len(values) else (0, 0)
        return float(low), float(high)

    found = _each(source, names, limits)
    if not found:
        return None
    low, high = min(low for low, _ in found), max(high for _, high in found)
    if low >= 0 and 32768 <= high - low <= 65535:
        return None
    return (low, high) if high > low else (min(low, 0), max(high, 1))


def _are_nearly_white(source: Source, names: Sequence[str]) -> bool:
    """Whether the opaque pixels of most transparent pictures are nearly white."""

    def is_white(image: Image.Image) -> bool:
        image.thumbnail((64, 64))
        pixels = np.asarray(image.convert("RGBA")).reshape(-1, 4)
        opaque = pixels[pixels[:, 3] > 127, :3]
        return bool(len(opaque) and opaque.mean() >= _NEARLY_WHITE)

    found = _each(source, names, is_white)
    return sum(found) > len(found) / 2


def _each(source: Source, names: Sequence[str], use: Callable[[Image.Image], T]) -> list[T]:
    """What `use` returns for each picture that can be read."""
    found = []
    for name in names:
        with suppress(*READ_ERRORS), source.open(name) as file:
            found.append(with_image(file, use))
    return found

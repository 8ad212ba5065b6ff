"""Photographs that Python packages contain, and random parts of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch import Generator

SIDE = 64  # pixels of the smallest part
_OF_SCIKIT_IMAGE = ("astronaut", "chelsea", "coffee", "hubble_deep_field", "motorcycle_left", "retina", "rocket")


def of_scikit_learn() -> list[Image.Image]:
    return [Image.fromarray(photograph) for photograph in load_sample_images().images]


def of_scikit_image() -> list[Image.Image]:
    """[] if the package is not installed."""
    package = find_spec("skimage")
    if package is None or not package.origin:
        return []
    folder = Path(package.origin).parent / "data"
    return [Image.open(file).convert("RGB") for name in _OF_SCIKIT_IMAGE for file in folder.glob(f"{name}.*")]


def parts(photographs: Sequence[Image.Image], count: int, rng: Generator) -> Iterator[Image.Image]:
    """Random squares, with sides from `SIDE` to half the shorter side of their photograph."""
    for which, size, down, right in torch.rand(count, 4, generator=rng).tolist():
        photograph = photographs[int(which * len(photographs))]
        side = SIDE + int(size * (min(photograph.size) // 2 - SIDE))
        left, top = int(right * (photograph.width - side)), int(down * (photograph.height - side))
        yield photograph.crop((left, top, left + side, top + side))

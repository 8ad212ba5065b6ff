"""The pictures of a run on disk: for images a grid of samples as PNG, for points the arrays of the plane."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from gan_core.config import TrainConfig
from gan_core.runs.checkpoint import step_of
from gan_core.system.files import is_plain_file, replace_bytes
from gan_core.training.plane_view import Plane, to_arrays

GRID_COLUMNS = 8
READ_ERRORS = (OSError, ValueError, TypeError, SyntaxError, SafetensorError, Image.DecompressionBombError)


def write(folder: Path, step: int, samples: np.ndarray, plane: Plane | None = None) -> None:
    """Save the samples of this step, uint8 (n, H, W, C), or the plane. Raises `OSError` if the disk refuses."""
    folder.mkdir(exist_ok=True)
    if plane is not None:
        replace_bytes(folder / f"step-{step:07d}.safetensors", save(to_arrays(plane)))
    else:
        picture = BytesIO()
        Image.fromarray(tile(samples)).save(picture, "PNG", compress_level=1)
        replace_bytes(folder / f"step-{step:07d}.png", picture.getvalue())


def steps(folder: Path) -> list[int]:
    """The steps that have a picture, in order. Raises `OSError` if the folder cannot be read."""
    try:
        found = (step_of(Path(name).with_suffix("")) for name in os.listdir(folder))
        return sorted({step for step in found if step is not None})
    except FileNotFoundError:
        if folder.is_symlink():
            raise
        return []


def read(folder: Path, step: int, config: TrainConfig) -> np.ndarray | Plane:
    """The samples or the plane that `write` got. Raises one of READ_ERRORS if there is no readable picture."""
    file = folder / f"step-{step:07d}.safetensors"
    if is_plain_file(file):
        return Plane(**load_file(file))
    is_plain_file(file := file.with_suffix(".png"))  # a pipe raises an error here; to open it could take forever
    with Image.open(file, formats=["PNG"]) as picture:
        return untile(np.asarray(picture), config)


def delete_after(folder: Path, step: int) -> None:
    """Delete the pictures of later steps."""
    for later in (kept for kept in steps(folder) if kept > step):
        for file in folder.glob(f"step-{later:07d}.*"):
            file.unlink()


def tile(samples: np.ndarray, columns: int = GRID_COLUMNS) -> np.ndarray:
    """Pictures (n, H, W, C) as one grid, row by row: (rows * H, columns * W, C), without the last axis if C is 1."""
    n, height, width, channels = samples.shape
    rows = -(-n // columns)
    grid = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    grid[:n] = samples
    grid = grid.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    grid = grid.reshape(rows * height, columns * width, channels)
    return grid[..., 0] if channels == 1 else grid


def untile(grid: np.ndarray, config: TrainConfig) -> np.ndarray:
    """The pictures that `tile` joined: (record.samples, H, W, C)."""
    channels, height, width = config.shape
    rows = grid.shape[0] // height
    pictures = grid.reshape(rows, height, GRID_COLUMNS, width, channels).transpose(0, 2, 1, 3, 4)
    return pictures.reshape(-1, height, width, channels)[: config.record.samples]

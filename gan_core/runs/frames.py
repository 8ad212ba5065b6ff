"""The pictures of a run on disk: the samples of one step as one PNG, or for points the whole plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from gan_core.config import TrainConfig
from gan_core.runs.checkpoint import step_of
from gan_core.training.plane_view import Plane, to_arrays

COLUMNS_OF_PICTURES = 8  # samples side by side in a saved grid
BROKEN = (OSError, ValueError, TypeError, SyntaxError, SafetensorError, Image.DecompressionBombError)


def write(folder: Path, step: int, samples: np.ndarray, plane: Plane | None = None) -> None:
    """Keep the samples of this step, (n, H, W, C) bytes, or the plane. Raises `OSError` if the disk refuses."""
    folder.mkdir(exist_ok=True)
    if plane is not None:
        (folder / f"step-{step:07d}.safetensors").write_bytes(save(to_arrays(plane)))
    else:
        Image.fromarray(tile(samples)).save(folder / f"step-{step:07d}.png", compress_level=1)


def steps(folder: Path) -> list[int]:
    """The steps of which a picture is kept, in order."""
    found = (step_of(file.with_suffix("")) for file in folder.glob("step-*"))
    return sorted(step for step in found if step is not None)


def read(folder: Path, step: int, config: TrainConfig) -> np.ndarray | Plane:
    """The samples of this step as `write` got them.

    Raises:
        one of BROKEN: there is no readable picture of the step.
    """
    stem = folder / f"step-{step:07d}"
    if stem.with_suffix(".safetensors").exists():
        return Plane(**load_file(stem.with_suffix(".safetensors")))
    with Image.open(stem.with_suffix(".png")) as picture:
        return untile(np.asarray(picture), config)


def delete_after(folder: Path, step: int) -> None:
    """Delete the pictures of later steps."""
    for later in (kept for kept in steps(folder) if kept > step):
        for file in folder.glob(f"step-{later:07d}.*"):
            file.unlink()


def tile(samples: np.ndarray, columns: int = COLUMNS_OF_PICTURES) -> np.ndarray:
    """Pictures (n, H, W, C) as one, row by row, `columns` of them side by side: (rows H, columns W[, C])."""
    n, height, width, channels = samples.shape
    rows = -(-n // columns)
    sheet = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    sheet[:n] = samples
    sheet = sheet.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    return sheet[..., 0] if channels == 1 else sheet


def untile(sheet: np.ndarray, config: TrainConfig) -> np.ndarray:
    """The pictures that `tile` joined: (record.samples, H, W, C)."""
    channels, height, width = config.shape
    rows = sheet.shape[0] // height
    pictures = sheet.reshape(rows, height, COLUMNS_OF_PICTURES, width, channels).transpose(0, 2, 1, 3, 4)
    return pictures.reshape(-1, height, width, channels)[: config.record.samples]

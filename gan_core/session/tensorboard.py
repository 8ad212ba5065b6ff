"""Event files for TensorBoard: values, images of samples, and the settings. Written if `record.tensorboard` is true."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gan_core.config import ConfigError, TrainConfig
from gan_core.export import plane_images
from gan_core.losses.score_range import score_range
from gan_core.runs import Run, tile
from gan_core.training.history import COLUMNS
from gan_core.training.plane_view import Plane

FOLDER = "tensorboard"  # in the run's folder
_ROWS_PER_CALL = 10  # a row takes half a millisecond, and TensorBoard draws at most a thousand points of a curve
_TAGS = {"loss_d": "loss/D", "loss_g": "loss/G", "d_real": "score/real", "d_fake": "score/generated"} | {
    "grad_norm_d": "gradient norm/D",
    "grad_norm_g": "gradient norm/G",
}


def require_package(config: TrainConfig) -> None:
    """Raises `ConfigError` if the config asks for event files and the package tensorboard is not installed."""
    if config.record.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise ConfigError(
            "record.tensorboard needs the package tensorboard: run  pip install -r requirements-export.txt  "
            "and start again, or set record.tensorboard to false"
        )


class TensorBoardWriter:
    """Writes the event files of one run.

    Args:
        step: first step of this session; TensorBoard drops later steps written by an earlier process.
    """

    def __init__(self, run: Run, config: TrainConfig, step: int) -> None:
        self._folder, self._config = str(run.path / FOLDER), config
        self._purge_step: int | None = step + 1 if step else None
        self._writer: Any = None  # opened by the first write, and again after the disk has refused one
        self._write(lambda writer: writer.add_text("settings", f"```json\n{config.to_json()}\n```", step))

    def add_rows(self, rows: Sequence[Sequence[float]]) -> None:
        """Add evenly spaced rows, always including the last. Each row is in the order of COLUMNS."""
        some = rows[:: -max(1, len(rows) // _ROWS_PER_CALL)][::-1]
        self._write(lambda writer: _add_scalars(writer, some))

    def add_picture(self, step: int, samples: np.ndarray, real: np.ndarray, plane: Plane | None) -> None:
        """Add a picture of the samples (n, H, W, C), or of the plane with the real points (m, 2)."""
        if plane is None:
            sheet = tile(samples)
        else:
            sheet = plane_images.draw(plane, real, score_range(self._config.loss.name, lambda: plane.surface))
        axes = "HWC" if sheet.ndim == 3 else "HW"
        self._write(lambda writer: writer.add_image("samples", sheet, step, dataformats=axes))

    def close(self) -> None:
        self._write(lambda writer: writer.close())

    def _write(self, action: Callable[[Any], object]) -> None:
        """Call `action` with the writer. After an error the next call opens a new file; the recorder reports errors."""
        from torch.utils.tensorboard import SummaryWriter  # takes seconds to load

        try:
            if self._writer is None:
                self._writer = SummaryWriter(self._folder, purge_step=self._purge_step)
                self._purge_step = None
            action(self._writer)
        except OSError:
            self._writer = None


def _add_scalars(writer: Any, rows: Sequence[Sequence[float]]) -> None:
    for row in rows:
        values = dict(zip(COLUMNS, row, strict=True))
        for name, tag in _TAGS.items():
            writer.add_scalar(tag, values[name], int(values["step"]))

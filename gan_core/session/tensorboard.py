"""Event files for TensorBoard, for those who like to watch there: figures, pictures of samples, the settings.

They are written beside all else that a run keeps, where `record.tensorboard` asks for them; nothing here reads them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gan_core.config import ConfigError, TrainConfig
from gan_core.export import plane_images
from gan_core.runs import Run, tile
from gan_core.training.history import COLUMNS
from gan_core.training.plane_view import Plane

FOLDER = "tensorboard"  # in the run's
_ROWS_AT_ONCE = 10  # a row costs half a millisecond; TensorBoard itself draws a thousand of any curve
_TAGS = {"loss_d": "loss/D", "loss_g": "loss/G", "d_real": "score/real", "d_fake": "score/generated"} | {
    "grad_norm_d": "gradient norm/D",
    "grad_norm_g": "gradient norm/G",
}


def refuse_if_missing(config: TrainConfig) -> None:
    """Raises `ConfigError` where the config wants event files and the package that writes them is not installed."""
    if config.record.tensorboard and importlib.util.find_spec("tensorboard") is None:
        raise ConfigError(
            "record.tensorboard needs the package tensorboard: run  pip install -r requirements-export.txt  "
            "and start again, or set record.tensorboard to false"
        )


class EventFiles:
    """Writes the event files of one run.

    Args:
        step: where training begins or goes on; what an earlier process wrote of later steps counts no more.
    """

    def __init__(self, run: Run, config: TrainConfig, step: int) -> None:
        self._folder, self._config = str(run.path / FOLDER), config
        self._purge: int | None = step + 1 if step else None
        self._writer: Any = None  # opened at the first writing, and anew after the disk has refused one
        self._write(lambda writer: writer.add_text("settings", f"```json\n{config.to_json()}\n```", step))

    def add(self, rows: Sequence[Sequence[float]]) -> None:
        """Add some of these rows of figures, evenly spaced, the last among them; they are in the order of COLUMNS."""
        some = rows[:: -max(1, len(rows) // _ROWS_AT_ONCE)][::-1]
        self._write(lambda writer: _add_figures(writer, some))

    def show(self, step: int, samples: np.ndarray, real: np.ndarray, plane: Plane | None) -> None:
        """Add a picture of the samples (n, H, W, C), or of the plane with the real points (m, 2)."""
        sheet = (
            tile(samples) if plane is None else plane_images.draw(plane, real, plane_images.span(plane, self._config))
        )
        axes = "HWC" if sheet.ndim == 3 else "HW"
        self._write(lambda writer: writer.add_image("samples", sheet, step, dataformats=axes))

    def close(self) -> None:
        """Write what is still waiting."""
        self._write(lambda writer: writer.close())

    def _write(self, action: Callable[[Any], object]) -> None:
        """Do something to the writer. A disk that refuses is told of by the run's own files; these begin a new one."""
        from torch.utils.tensorboard import SummaryWriter  # takes seconds to load

        try:
            if self._writer is None:
                self._writer = SummaryWriter(self._folder, purge_step=self._purge)
                self._purge = None
            action(self._writer)
        except OSError:
            self._writer = None


def _add_figures(writer: Any, rows: Sequence[Sequence[float]]) -> None:
    for row in rows:
        figures = dict(zip(COLUMNS, row, strict=True))
        for name, tag in _TAGS.items():
            writer.add_scalar(tag, figures[name], int(figures["step"]))

"""The training curves of a run, one row per logged step: growing in memory, appended to a CSV file, read back."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from gan_core.system.files import append, file_version

COLUMNS = (
    "step", "epoch", "seconds", "images", "loss_d", "loss_g", "d_real", "d_fake", "grad_norm_d", "grad_norm_g",
)  # fmt: skip
_INTEGERS = {"step", "images"}
HEADER = ",".join(COLUMNS).encode()
_MAX_STEP = 1_000_000_000
_COUNT, _TIME = rb"\d{1,18}", rb"\d{1,20}(?:\.\d{0,30})?(?:e\+?\d\d?|e-\d{1,3})?"  # finite, not negative
_ANY = rb"[-+]?(?:\d+(?:\.\d*)?(?:e[-+]?\d+)?|nan|inf)"
_PATTERNS = {"step": rb"(?:\d{1,9}|10{9})", "epoch": _TIME, "seconds": _TIME, "images": _COUNT}
_ROW = re.compile(b",".join(_PATTERNS.get(name, _ANY) for name in COLUMNS) + rb"\r?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class History:
    """Read-only columns of equal length, oldest row first. `seconds` is training time without pauses."""

    step: np.ndarray
    epoch: np.ndarray
    seconds: np.ndarray
    images: np.ndarray
    loss_d: np.ndarray
    loss_g: np.ndarray
    d_real: np.ndarray
    d_fake: np.ndarray
    grad_norm_d: np.ndarray
    grad_norm_g: np.ndarray

    def __len__(self) -> int:
        return len(self.step)


class HistoryLog:
    """A growing table. Rows are only added at its end, so an earlier `view` never changes."""

    def __init__(self) -> None:
        self._table = np.empty((len(COLUMNS), 1024))
        self._length = 0

    def extend(self, rows: Sequence[Sequence[float]] | NDArray[np.float64]) -> None:
        """Add rows in the order of COLUMNS."""
        if (needed := self._length + len(rows)) > (capacity := self._table.shape[1]):
            table = np.empty(
                (len(COLUMNS), max(needed, 5 * capacity // 4))
            )  # by 25 %: few copies, little unused memory
            table[:, : self._length] = self._table[:, : self._length]
            self._table = table
        if len(rows):
            self._table[:, self._length : self._length + len(rows)] = np.asarray(rows).T
            self._length += len(rows)

    def view(self) -> History:
        columns = self._table[:, : self._length]
        columns.flags.writeable = False
        return History(*columns)

    def __len__(self) -> int:
        return self._length


def append_csv(path: Path, rows: Iterable[Sequence[float]]) -> None:
    """Append rows to the CSV file, after a header if it is new or empty. Raises `OSError` as `append` does."""
    text = io.StringIO()
    writer = csv.writer(text)
    if not file_version(path)[1]:
        writer.writerow(COLUMNS)
    writer.writerows(
        [int(value) if name in _INTEGERS else repr(float(value)) for name, value in zip(COLUMNS, row, strict=True)]
        for row in rows
    )
    append(path, text.getvalue())


def read_table(path: Path) -> NDArray[np.float64]:
    """The valid rows of the CSV file, (n, columns), without an incomplete last row.

    A million rows take about a second.
    """
    content = path.read_bytes() if path.exists() else b""
    complete_lines = content[: content.rfind(b"\n") + 1]
    if complete_lines.startswith(HEADER):
        with suppress(ValueError):  # the base class of pyarrow's errors
            table = _parse(complete_lines)
            if _in_range(table):
                return table
    rows = (line for line in complete_lines.split(b"\n") if step_of_row(line) is not None)
    return _parse(b"".join(line + b"\n" for line in (HEADER, *rows)))


def _parse(content: bytes) -> NDArray[np.float64]:
    """The rows as an array, (n, columns). Raises `ValueError` on a damaged row."""
    columns = arrow_csv.read_csv(
        io.BytesIO(content),
        arrow_csv.ReadOptions(use_threads=False, skip_rows=1, column_names=list(COLUMNS)),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, "float64"), null_values=[]),
    )
    return np.column_stack([column.to_numpy() for column in columns])


def _in_range(table: NDArray[np.float64]) -> bool:
    counters = table[:, [COLUMNS.index(name) for name in ("step", "epoch", "seconds", "images")]]
    return bool(((counters >= 0) & np.isfinite(counters)).all() and (table[:, 0] <= _MAX_STEP).all())


def step_of_row(line: bytes) -> int | None:
    """The step of a row of the CSV file; None if the line is damaged. Only losses, scores and norms may be NaN."""
    return int(line[: line.index(b",")]) if _ROW.fullmatch(line) else None


def last_row(path: Path) -> list[float] | None:
    """The last complete row of the CSV file, or None. It reads only the end of the file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 2000))
            lines = file.read().split(b"\n")[:-1]
    except OSError:
        return None
    row = next((line for line in reversed(lines) if step_of_row(line) is not None), None)
    return None if row is None else [float(value) for value in row.split(b",")]

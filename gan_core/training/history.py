"""The values of a run, a row for each logged step: growing in memory, appended to a CSV file, read as arrays."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyarrow import csv as csv_of_arrow

from gan_core.system.files import append, replace_bytes

COLUMNS = (
    "step", "epoch", "seconds", "images", "loss_d", "loss_g", "d_real", "d_fake", "grad_norm_d", "grad_norm_g",
)  # fmt: skip
_WHOLE = {"step", "images"}


@dataclass(frozen=True, eq=False)
class History:
    """Read-only columns of equal length, oldest first. `seconds` is time spent training, pauses left out."""

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
    """Rows in one growing table. A view taken earlier stays as it was: rows are only ever added behind it."""

    def __init__(self) -> None:
        self._table = np.empty((len(COLUMNS), 1024))
        self._length = 0

    def extend(self, rows: Sequence[Sequence[float]] | NDArray[np.float64]) -> None:
        """Add rows in the order of COLUMNS."""
        if (needed := self._length + len(rows)) > (room := self._table.shape[1]):
            # By a quarter, as all of it takes memory at once: numpy asks for pages of 2 MB, of which a column is a few.
            table = np.empty((len(COLUMNS), max(needed, 5 * room // 4)))
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
    """Append rows to the CSV file, with a header if it is new. Raises `OSError` as `append` does."""
    text = io.StringIO()
    writer = csv.writer(text)
    if not path.exists():
        writer.writerow(COLUMNS)
    writer.writerows(
        [int(value) if name in _WHOLE else repr(float(value)) for name, value in zip(COLUMNS, row, strict=True)]
        for row in rows
    )
    append(path, text.getvalue())


def read_csv(path: Path, up_to_step: int | None = None) -> list[list[float]]:
    """Rows of the CSV file, as `read_table` reads them."""
    return read_table(path, up_to_step).tolist()


def read_table(path: Path, up_to_step: int | None = None) -> NDArray[np.float64]:
    """The CSV file's rows, (n, columns), up to and with `up_to_step`; what a crash has cut off is left out.

    A million rows take about a second.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    whole = content[: content.rfind(b"\n") + 1]  # a crash may cut the last line, even within a number
    try:
        table = _read_at_once(whole)
    except ValueError:
        table = _read_by_row(whole)
    if up_to_step is not None:
        later = np.flatnonzero(table[:, 0] > up_to_step)
        table = table[: later[0]] if len(later) else table
    return table


def _read_at_once(content: bytes) -> NDArray[np.float64]:
    """Raises `ValueError` (pyarrow's errors are its kinds) unless every row is whole."""
    columns = csv_of_arrow.read_csv(
        io.BytesIO(content),
        csv_of_arrow.ReadOptions(use_threads=False, skip_rows=1, column_names=list(COLUMNS)),
        convert_options=csv_of_arrow.ConvertOptions(column_types=dict.fromkeys(COLUMNS, "float64"), null_values=[]),
    )
    return np.column_stack([column.to_numpy() for column in columns])


def _read_by_row(content: bytes) -> NDArray[np.float64]:
    """The rows before the first that is damaged."""
    rows = []
    for line in content.decode("ascii", errors="replace").splitlines()[1:]:
        try:
            values = [float(value) for value in line.split(",")]
        except ValueError:
            break
        if len(values) != len(COLUMNS):
            break
        rows.append(values)
    return np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))


def last_row(path: Path) -> list[float] | None:
    """The last whole row of the CSV file; None where there is none. Reads no more than its end."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 2000))
            lines = file.read().decode("ascii", errors="replace").split("\n")[:-1]
    except OSError:
        return None
    for line in reversed(lines):
        try:
            values = [float(value) for value in line.split(",")]
        except ValueError:
            continue
        if len(values) == len(COLUMNS):
            return values
    return None


def rewind_csv(path: Path, step: int) -> None:
    """Drop the rows after `step`, and a last line that a crash has cut. Raises `OSError` if the disk refuses."""
    if not path.exists():
        return
    content = path.read_bytes()
    ends = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))  # of each line, the header's first
    kept = len(read_table(path, step))
    end = int(ends[kept]) + 1 if len(ends) else 0
    if end < len(content):
        replace_bytes(path, content[:end])

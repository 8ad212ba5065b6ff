"""The training curves of a run, one row per logged step: growing in memory, appended to a CSV file, read back."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from gan_core.system.files import append, replace_bytes

COLUMNS = (
    "step", "epoch", "seconds", "images", "loss_d", "loss_g", "d_real", "d_fake", "grad_norm_d", "grad_norm_g",
)  # fmt: skip
_INTEGERS = {"step", "images"}


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
    """Append rows to the CSV file, after a header if it is new. Raises `OSError` as `append` does."""
    text = io.StringIO()
    writer = csv.writer(text)
    if not path.exists():
        writer.writerow(COLUMNS)
    writer.writerows(
        [int(value) if name in _INTEGERS else repr(float(value)) for name, value in zip(COLUMNS, row, strict=True)]
        for row in rows
    )
    append(path, text.getvalue())


def read_table(path: Path, up_to_step: int | None = None) -> NDArray[np.float64]:
    """The rows of the CSV file up to and including `up_to_step`, (n, columns), without an incomplete last row.

    A million rows take about a second.
    """
    content = path.read_bytes() if path.exists() else b""
    complete_lines = content[: content.rfind(b"\n") + 1]
    try:
        table = _parse(complete_lines)
    except ValueError:
        table = _parse_by_row(complete_lines)
    later = np.flatnonzero(table[:, 0] > (np.inf if up_to_step is None else up_to_step))
    return table[: later[0]] if len(later) else table


def _parse(content: bytes) -> NDArray[np.float64]:
    """The rows as an array, (n, columns). Raises `ValueError` (the base class of pyarrow's errors) on a damaged row."""
    columns = arrow_csv.read_csv(
        io.BytesIO(content),
        arrow_csv.ReadOptions(use_threads=False, skip_rows=1, column_names=list(COLUMNS)),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, "float64"), null_values=[]),
    )
    return np.column_stack([column.to_numpy() for column in columns])


def _parse_by_row(content: bytes) -> NDArray[np.float64]:
    """The rows before the first damaged one."""
    rows = []
    for line in content.decode("ascii", errors="replace").splitlines()[1:]:
        if (row := _row(line)) is None:
            break
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))


def _row(line: str) -> list[float] | None:
    try:
        row = [float(value) for value in line.split(",")]
    except ValueError:
        return None
    return row if len(row) == len(COLUMNS) else None


def last_row(path: Path) -> list[float] | None:
    """The last complete row of the CSV file, or None. It reads only the end of the file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 2000))
            lines = file.read().decode("ascii", errors="replace").split("\n")[:-1]
    except OSError:
        return None
    return next((row for line in reversed(lines) if (row := _row(line)) is not None), None)


def rewind_csv(path: Path, step: int) -> None:
    """Delete the rows after `step` and an incomplete last line. Raises `OSError` if the file cannot be written."""
    if not path.exists():
        return
    content = path.read_bytes()
    line_ends = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))  # of the header, then of each row
    end = int(line_ends[len(read_table(path, step))]) + 1 if len(line_ends) else 0
    if end < len(content):
        replace_bytes(path, content[:end])

"""The records of a run, read within bounds: a damaged value is left out, and `damage` names it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, ConfigDict, TypeAdapter
from typing_extensions import Required, TypedDict

from gan_core.diagnosis import SampleStats
from gan_core.metrics import evaluations as csv_of_evaluations
from gan_core.metrics.evaluations import Best, Evaluation
from gan_core.runs import direction_names
from gan_core.runs.errors import RunError
from gan_core.runs.metadata import Metadata
from gan_core.system.files import Count, OnError, checked, is_plain_file, json_lines, read_bytes
from gan_core.training.history import COLUMNS, read_table, step_of_row

CURVE_EVENTS = ("changed", "forked")  # kinds of events that the curves show, with a text
MAX_BYTES = {  # of an imported file; a million logged steps are 150 MB of metrics.csv
    "config.json": 1_000_000,
    "about.json": 100_000,
    "best.json": 10_000,
    "directions.json": 5_000_000,
    "metrics.csv": 500_000_000,
    "evals.csv": 20_000_000,
    "events.jsonl": 20_000_000,
    "glances.jsonl": 50_000_000,
    "state.json": 5_000_000,
}
Damage = dict[str, dict[int, str]]  # by file: the reason by line, from 1 on; 0 for the whole file


class _Event(TypedDict, total=False):
    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]
    kind: Required[str]
    step: Required[Count]
    text: str
    parent: str
    device: str
    id: str
    health: list[str]


def _has_text(event: _Event) -> _Event:
    if event["kind"] in CURVE_EVENTS and "text" not in event:
        raise ValueError(f'the event "{event["kind"]}" has no text')
    return event


EVENT: TypeAdapter[Any] = TypeAdapter(Annotated[_Event, AfterValidator(_has_text)])
SAMPLE_STATS = TypeAdapter(SampleStats)
_BEST = TypeAdapter(Best)


def read(folder: Path, name: str) -> bytes:
    """The content of a record; b"" if it is missing. Raises `RunError` if it cannot be read."""
    try:
        return read_bytes(folder / name, MAX_BYTES[name] if name.endswith(".json") else sys.maxsize)
    except OSError as error:
        raise unreadable(folder, error) from None


def unreadable(folder: Path, error: OSError) -> RunError:
    """The error of a run, one of whose files or folders cannot be read."""
    file = f"{Path(error.filename).name}: " if error.filename else ""
    return RunError(f"The run {folder.name} cannot be read: {file}{error.strerror or error}")


def events(folder: Path, on_error: OnError | None = None) -> list[dict[str, Any]]:
    return list(json_lines(read(folder, "events.jsonl"), EVENT, on_error))


def sample_stats(folder: Path, on_error: OnError | None = None) -> list[SampleStats]:
    return list(json_lines(read(folder, "glances.jsonl"), SAMPLE_STATS, on_error))


def evaluations(folder: Path, on_error: OnError | None = None) -> list[Evaluation]:
    return csv_of_evaluations.from_csv(read(folder, "evals.csv").decode("utf-8", errors="replace"), on_error)


def metrics(folder: Path, on_error: OnError | None = None) -> NDArray[np.float64]:
    """The rows of metrics.csv, (n, columns)."""
    check_files(folder, "metrics.csv")
    table = read_table(folder / "metrics.csv")
    if on_error is None:
        return table
    lines = read(folder, "metrics.csv").split(b"\n")[1:-1]
    if len(lines) != len(table):
        for number, line in enumerate(lines, start=2):
            if step_of_row(line) is None and line.count(b",") == len(COLUMNS) - 1:
                on_error(number, f"{line[:60].decode(errors='replace')}: not a row of finite times and of numbers")
    return table


def check_files(folder: Path, *names: str) -> None:
    """Raise `RunError` if one of these records, by default any, exists but is not a plain file."""
    try:
        for name in names or MAX_BYTES:
            is_plain_file(folder / name)
    except OSError as error:
        raise unreadable(folder, error) from None


def best(folder: Path, on_error: OnError | None = None) -> Best | None:
    return _whole(folder, "best.json", lambda content: checked(_BEST, content), on_error)


def metadata(folder: Path, on_error: OnError | None = None) -> Metadata:
    return _whole(folder, "about.json", Metadata.parse, on_error) or Metadata()


def _whole(folder: Path, name: str, parse: Callable[[bytes], Any], on_error: OnError | None) -> Any:
    content = read(folder, name)
    try:
        return parse(content) if content else None
    except ValueError as error:
        if on_error is not None:
            on_error(0, str(error))
        return None


_READERS: dict[str, Callable[[Path, OnError], object]] = {
    "events.jsonl": events,
    "glances.jsonl": sample_stats,
    "evals.csv": evaluations,
    "metrics.csv": metrics,
    "best.json": best,
    "about.json": metadata,
    "directions.json": lambda folder, on_error: _whole(folder, "directions.json", direction_names.parse, on_error),
}


def damage(folder: Path) -> Damage:
    """The values of a run's records that no program of ours writes, with the reasons. Raises `RunError` as `read`."""
    found: Damage = {}
    for name, read_record in _READERS.items():
        read_record(folder, found.setdefault(name, {}).__setitem__)
    return {name: reasons for name, reasons in found.items() if reasons}


def exported(folder: Path) -> dict[str, bytes]:
    """Each record as an import accepts it: without damaged values, and thinned evenly if it is too long.

    Raises `RunError` as `read`.
    """
    found, contents = damage(folder), {}
    for name in ("config.json", *_READERS):
        damaged = found.get(name, {})
        if (folder / name).exists() and 0 not in damaged:
            content = BytesIO(read(folder, name))
            lines = [line for number, line in enumerate(content, start=1) if number not in damaged]
            every = max(1, -(-sum(map(len, lines)) // MAX_BYTES[name]))
            contents[name] = b"".join(lines[:1] + lines[1:][::-every][::-1])
    return contents


def describe(damage: Damage) -> list[str]:
    """Each damaged value in words: "events.jsonl, line 3: step: -1: ..."."""
    return [
        f"{name}, line {line}: {reason}" if line else f"{name}: {reason}"
        for name, reasons in damage.items()
        for line, reason in reasons.items()
    ]

"""Shared by the speed benchmarks: alternating measurements, medians with their spread, tables and a JSON file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

Cell = str | int | float | tuple[float, float] | None
Row = dict[str, Cell]  # a line of a table: its cells by column heading


def in_turns(works: Mapping[str, Callable[[], object]], rounds: int, warm: int = 1) -> dict[str, list[float]]:
    """Seconds that each work took in each round. Each round times every work once, so that other load on the
    machine affects all alike, and ratios within a round can be compared. The first `warm` rounds do not count.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(warm + rounds):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - began)
    return {name: seconds[warm:] for name, seconds in taken.items()}


def spread(values: Sequence[float], scale: float = 1.0) -> tuple[float, float]:
    """The quartiles, or the smallest and the largest of fewer than four values; times `scale`, to change the unit."""
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 3 else (min(values), 0.0, max(values))
    return scale * low, scale * high


def cell_text(cell: Cell) -> str:
    """A cell as text: three digits for a number, "" for None."""
    if isinstance(cell, tuple):
        return " to ".join(cell_text(end) for end in cell)
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell


def table(rows: Sequence[Row]) -> str:
    """Rows of the same columns, as Markdown."""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([cell_text(cell) for cell in row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def parser(text: str | None) -> argparse.ArgumentParser:
    """A parser with `--json`; `text`, the benchmark's docstring, is its help."""
    options = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", type=Path, metavar="FILE", help="also write all results there")
    return options


def report(options: argparse.Namespace, **tables: Sequence[Row]) -> None:
    """Print the tables; with `--json`, write them too, with the options and the machine."""
    for rows in tables.values():
        print(table(rows), end="\n\n", flush=True)
    if options.json is not None:
        chosen = {name: value for name, value in vars(options).items() if name != "json"}
        found = {"machine": machine(), "options": chosen, **tables}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """The hardware and software that the results depend on, and the load of the machine after the measurement."""
    return {
        "cores": os.cpu_count(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "streamlit": version("streamlit"),
    }

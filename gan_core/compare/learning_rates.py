"""The learning rate that an optimiser is compared at: the best of a short search, else the catalogue's."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from gan_core.config.catalog import OPTIMIZERS

FILE = Path(__file__).with_name("measured") / "rates.json"  # written by `python -m benchmarks.rates --write`


def of(optimizer: str) -> float:
    """The rate for both networks. Raises `UnknownNameError` if there is no such optimiser."""
    rate: float = _found().get(optimizer, OPTIMIZERS[optimizer].lr)
    return rate


@cache
def _found() -> dict[str, float]:
    try:
        found: dict[str, float] = json.loads(FILE.read_text(encoding="utf-8"))["rates"]
    except FileNotFoundError:
        return {}
    return found

"""The learning rate of each optimiser in a comparison: the best of a short search, or else the catalogue's default."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from gan_core.config.catalog import OPTIMIZERS

FILE = Path(__file__).with_name("measured") / "rates.json"  # written by `python -m benchmarks.rates --write`


def suggested_rate(optimizer: str) -> float:
    """The learning rate for both networks. Raises `UnknownNameError` if there is no such optimiser."""
    return _measured_rates().get(optimizer, OPTIMIZERS[optimizer].lr)


@cache
def _measured_rates() -> dict[str, float]:
    return json.loads(FILE.read_text(encoding="utf-8"))["rates"]

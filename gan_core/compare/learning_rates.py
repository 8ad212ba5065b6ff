"""The learning rate of each optimiser in a comparison. All get theirs from one source, so that none is tuned better.

The source is a short search if it has tried every optimiser of the comparison, or else the documented rates of the
catalogue (`OptimizerEntry.lr` and `.lr_source`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from gan_core.config.catalog import OPTIMIZERS

FILE = Path(__file__).with_name("measured") / "rates.json"  # written by `python -m benchmarks.rates --write`
SEARCHED, DOCUMENTED = "the best of a short search with a DCGAN on digits", "the documented one"


def suggested_rates(optimizers: Iterable[str]) -> dict[str, float]:
    """The learning rate of each optimiser, for both networks. Raises `UnknownNameError` if there is no such one."""
    names = list(optimizers)
    defaults, found = {name: OPTIMIZERS[name].lr for name in names}, searched_rates()
    return {name: found[name] for name in names} if all(name in found for name in names) else defaults


def source(rates: Iterable[tuple[str, float]]) -> str | None:
    """Where all of these rates come from: `SEARCHED`, `DOCUMENTED`, or None if not all of them come from one source."""
    pairs, documented = set(rates), {name: OPTIMIZERS[name].lr for name in OPTIMIZERS}
    for name, known in ((SEARCHED, searched_rates()), (DOCUMENTED, documented)):
        if all(known.get(optimizer) == rate for optimizer, rate in pairs):
            return name
    return None


@cache
def searched_rates() -> dict[str, float]:
    """The rates that the search found. AdamW has the rate of Adam: without weight decay, the two are the same."""
    found: dict[str, float] = json.loads(FILE.read_text(encoding="utf-8"))["rates"]
    return {**found, "adamw": found["adam"]}

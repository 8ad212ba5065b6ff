"""Checks of arguments. Each raises `ValueError` with one sentence that names the argument and what is allowed."""

from __future__ import annotations

import math
from typing import Any


def whole_number(name: str, value: Any, low: int = 1) -> int:
    """The argument as an int, which is at least `low`."""
    number = value.__index__() if hasattr(value, "__index__") and not isinstance(value, bool) else low - 1
    if number < low:
        raise ValueError(f"{name} must be a whole number of at least {low}, not {value!r:.100}")
    return int(number)


def positive(name: str, value: Any) -> float:
    """The argument as a float, which is finite and above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a number above 0, not {value!r:.100}")
    return float(value)


def instance(name: str, value: Any, kind: type, advice: str) -> None:
    """Refuse an argument of another type. `advice` ends the sentence: "use presets.load(id)"."""
    if not isinstance(value, kind):
        raise ValueError(f"{name} must be a {kind.__name__}, not {value!r:.100}; {advice}")

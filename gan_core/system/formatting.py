"""Numbers, amounts and times as short texts."""

from __future__ import annotations

import math
from collections.abc import Sequence


def short(value: float) -> str:
    """Three digits, or four below 10,000; a letter for larger numbers: "0.693", "12.4", "1,234", "12.3k", "512M"."""
    return _three_digits(value) if abs(value) < 9_999.5 else _scaled(value, ("", "k", "M", "G", "T"))


def fixed(value: float, digits: int) -> str:
    """With this many digits behind the point, and without a sign for zero: "0.00", "-1.50"."""
    return f"{round(float(value), digits) + 0.0:,.{digits}f}"


def clipped(text: str, length: int = 40) -> str:
    """The text, or its beginning with "..." if it is longer than `length` characters."""
    return text if len(text) <= length else text[: length - 3] + "..."


def printable(text: str, length: int = 100) -> str:
    """Any text, such as a file's name, with "?" for characters that cannot be shown, and clipped."""
    return clipped("".join(c if c.isprintable() else "?" for c in text), length)


def count(number: float, noun: str) -> str:
    """ "512k images", "1 image"; `noun` is a plural that ends in "s"."""
    return f"{short(number)} {noun if number != 1 else noun[:-1]}"


def plural(number: int, one: str, many: str) -> str:
    """Every digit of the number, and the words for one or for many: "1 picture is", "12,345 pictures are"."""
    return f"{number:,} {one if number == 1 else many}"


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def size(number: float) -> str:
    """Bytes: "512 kB", "1.2 GB"."""
    return _scaled(number, (" B", " kB", " MB", " GB", " TB"))


def duration(seconds: float) -> str:
    """ "0:07", "1:12", "2:03:05"."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours:d}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:d}:{rest:02d}"


def rough_minutes(minutes: float) -> str:
    """ "about 20 seconds", "about 3 minutes", "about 4 hours"."""
    for length, unit in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if number := _whole(minutes / length):
            return f"about {number:d} {unit}{'s' if number > 1 else ''}"
    return f"about {min(55, max(5, round(minutes * 12) * 5)):d} seconds"


def ago(seconds: float) -> str:
    """ "just now", "5 min ago", "3 h ago", "12 days ago"."""
    for length, unit in ((86_400, "day"), (3600, "h"), (60, "min")):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number:d} {unit}{'s' if unit == 'day' and number > 1 else ''} ago"
    return "just now"


def _whole(number: float) -> int:
    """The nearest whole number; 0 below 0.98, which is 59 of 60 minutes."""
    return round(number) if number >= 0.98 else 0


def _three_digits(value: float) -> str:
    """Without an exponent for large numbers, and without a sign for zero."""
    return f"{value:,.0f}" if abs(value) >= 99.95 and math.isfinite(value) else f"{value + 0.0:.3g}"


def _scaled(value: float, units: tuple[str, ...]) -> str:
    """In the first unit, each a thousand of the last, in which the number has at most three digits.

    A number with more than four digits in the last unit gets an exponent.
    """
    if abs(value) >= 9_999.5 * 1000 ** (len(units) - 1) and math.isfinite(value):
        return f"{value:.1e}{units[0]}"
    power = 0
    while abs(value) >= 999.5 and power < len(units) - 1 and math.isfinite(value):
        value, power = value / 1000, power + 1
    return f"{_three_digits(value)}{units[power]}"

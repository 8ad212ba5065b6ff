"""Numbers and times as short texts."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """ "0:07", "1:12", "2:03:05"."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def rough_minutes(minutes: float) -> str:
    """ "about 20 seconds", "about 3 minutes", "about 4 hours"."""
    for size, unit in ((60 * 24, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = round(minutes / size)
            return f"about {count} {unit}{'s' if count > 1 else ''}"
    return f"about {max(5, round(minutes * 12) * 5)} seconds"


def size(count: float) -> str:
    """Bytes: "512 kB", "1.2 GB"."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def short(value: float) -> str:
    """At most three digits, with a letter for large numbers: "0.693", "12.4", "62", "12k"."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g}M"
    return f"{value / 1e3:.3g}k" if abs(value) >= 1e4 else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ago(seconds: float) -> str:
    """ "just now", "5 min ago", "3 h ago", "12 days ago"."""
    for size, unit in ((86_400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return "just now"


def plain(text: str) -> str:
    """Text from a file or a person, with every character escaped that Streamlit would read as markup."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~:$^=&" else c for c in text)

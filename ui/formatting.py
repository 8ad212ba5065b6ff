"""Numbers, times and texts from outside, ready for the page."""

from __future__ import annotations

import re

from gan_core.system.formatting import ago, count, duration, fixed, rough_minutes, short, size

__all__ = ["ago", "count", "duration", "fixed", "plain", "rough_minutes", "short", "size"]

# Characters of Markdown, HTML and LaTeX; "_" only at the edge of a word.
_MARKUP = re.compile(r"[\\`*\[\]<>#|~$&]|(?<![^\W_])_|_(?![^\W_])|:$")
# Places where Streamlit makes symbols, directives and links of escaped text too (":material/home:", "->", "http://host",
# "www.host", "name@host"), and beginnings of a line that make a list, a rule or a heading.
_SPLIT = re.compile(r"(?<=:)(?=\S)|(?<=@)|(?<=[-<>~])(?=[->=])|(?<=www)(?=\.)|^(?=[-+=]|\d+[.)])", re.I | re.M)
_EMPTY = ":small[]"  # Streamlit's Markdown for an element without text


def plain(text: str) -> str:
    """Text from a file, a URL, an error or a person, escaped so that Streamlit's Markdown shows it as it is.

    Empty lines and white space at the ends of a line, which Markdown reads as paragraphs or code, are left out.
    """
    lines = "\n".join(filter(None, map(str.strip, text.encode("utf-8", "replace").decode().splitlines())))
    return _EMPTY.join(_MARKUP.sub(r"\\\g<0>", part) for part in _SPLIT.split(lines))

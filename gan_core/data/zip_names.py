"""The names in a zip file, whose encoding old programs do not write down."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_UTF8_FLAG = 0x800


@dataclass(frozen=True)
class _CodePage:
    codec: str
    language: str
    is_letter: Callable[[str], bool]  # whether a character beyond ASCII is usual in the language


def _between(*ranges: tuple[str, str]) -> Callable[[str], bool]:
    return lambda letter: any(first <= letter <= last for first, last in ranges)


# One foreign letter in a word.
_ALONE = re.compile(r"[A-Za-z][^\0-\x7f](?![^\0-\x7f])|(?<![^\0-\x7f])[^\0-\x7f][A-Za-z]")
_LATIN = _between(("\xc0", "\xd6"), ("\xd8", "\xf6"), ("\xf8", "\xff"))
_HAN = ("\u4e00", "\u9fff")
_CODE_PAGES = (  # each asks for more than the next, so that the first that fits is the likeliest
    _CodePage("cp932", "Japanese", _between(_HAN, ("\u3000", "\u30ff"), ("\uff01", "\uff5e"))),
    _CodePage("euc_kr", "Korean", _between(("\uac00", "\ud7a3"))),
    _CodePage("gb2312", "Chinese", _between(_HAN, ("\u3000", "\u303f"), ("\uff01", "\uff5e"))),
    _CodePage("big5", "Chinese", _between(_HAN, ("\u3000", "\u303f"), ("\uff01", "\uff5e"))),
    _CodePage("cp866", "Russian", _between(("\u0400", "\u04ff"))),
    _CodePage("cp1251", "Russian", _between(("\u0400", "\u04ff"))),
    _CodePage("cp850", "Western European", _LATIN),
    _CodePage("cp1252", "Western European", _LATIN),
)


def decoded(entries: Sequence[zipfile.ZipInfo]) -> tuple[list[str], list[str]]:
    """The entries' names with "/" between folders, in the same order, and a note if their encoding was guessed."""
    unmarked = {e.filename for e in entries if not e.flag_bits & _UTF8_FLAG and not e.filename.isascii()}
    codec, note = _codec_of([name.encode("cp437", "replace") for name in unmarked])

    def name_of(entry: zipfile.ZipInfo) -> str:
        name = entry.filename
        if codec and name in unmarked:
            name = name.encode("cp437", "replace").decode(codec, "replace")  # zipfile decoded it as cp437
        return name.replace("\\", "/")

    return [name_of(entry) for entry in entries], note


def _codec_of(names: list[bytes]) -> tuple[str, list[str]]:
    """The encoding that all these names fit, or "" to keep the names as zipfile read them; and a note on a guess."""
    if not names or _text(names, "utf-8") is not None:
        return "utf-8", []
    for page in _CODE_PAGES:
        text = _text(names, page.codec)
        if text is None or (page.is_letter is not _LATIN and _ALONE.search(text)):
            continue
        if all(letter.isascii() or page.is_letter(letter) for letter in text):
            return page.codec, [_note(f"; they are read as {page.language} ({page.codec})")]
    return "", [_note("")]


def _text(names: list[bytes], codec: str) -> str | None:
    try:
        return "/".join(name.decode(codec) for name in names)
    except UnicodeDecodeError:
        return None


def _note(reading: str) -> str:
    return (
        f"The names in this zip do not say how they are encoded{reading}. If they look wrong, pack the files again "
        "with UTF-8 names"
    )

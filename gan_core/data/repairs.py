"""Image files whose damage does not touch their pixels: bad metadata, a missing end."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB")
_MOST_MISSING = 0.02  # of a JPEG's rows; with more, it is broken


def without_metadata(content: bytes) -> bytes:
    """A PNG or JPEG file without the parts that do not describe pixels; other content as it is."""
    if content.startswith(_PNG):
        return _PNG + b"".join(chunk for kind, chunk in _chunks(content) if kind in _KEPT)
    if content.startswith(b"\xff\xd8"):
        return _without_segments(content)
    return content


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG file with their kinds."""
    found, at = [], len(_PNG)
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        found.append((kind, content[at : at + 12 + length]))
        at += 12 + length
    return found


def _without_segments(content: bytes) -> bytes:
    """A JPEG file without the segments of applications, except JFIF and Adobe, and without comments."""
    parts, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xDA:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if not (0xE1 <= marker <= 0xEF or marker == 0xFE) or marker == 0xEE:
            parts.append(content[at : at + 2 + length])
        at += 2 + length
    return b"".join([*parts, content[at:]])


def with_end_marker(content: bytes) -> bytes | None:
    """A JPEG file that ends too early, with an end marker; None if more than a small rest of its pixels is missing."""
    if not content.startswith(b"\xff\xd8"):
        return None
    whole = without_metadata(content).rstrip(b"\xff") + b"\xff\xd9"
    try:
        with Image.open(io.BytesIO(whole), formats=("JPEG",)) as image:
            if image.info.get("progressive") and not _is_complete(content):
                return None
            image.draft("L", (image.width // 8, image.height // 8))
            rows = np.asarray(image.convert("L"))
    except Exception:  # Pillow's decoders raise many kinds of errors on broken data
        return None
    pixels = (rows != 128).any(axis=1).nonzero()[0]  # missing pixels are decoded as this grey
    return whole if len(pixels) and len(rows) - 1 - pixels[-1] <= max(1, _MOST_MISSING * len(rows)) else None


def _is_complete(content: bytes) -> bool:
    """Whether a progressive JPEG file has begun its last scan, after which every coefficient is exact."""
    exact: dict[int, set[int]] = {}
    at = 2
    components: set[int] = set()
    while (at := content.find(b"\xff", at)) >= 0 and at + 4 <= len(content):
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD9:
            at += 1
            continue
        segment = content[at + 4 : at + 2 + length]
        if marker == 0xC2 and len(segment) > 5:
            components = set(segment[6::3][: segment[5]])
        if marker == 0xDA and segment:
            n = segment[0]
            if len(segment) >= 1 + 2 * n + 3 and not segment[3 + 2 * n] & 15:
                for component in segment[1 : 1 + 2 * n : 2]:
                    exact.setdefault(component, set()).update(range(segment[1 + 2 * n], segment[2 + 2 * n] + 1))
        at += 2 + length
    return bool(components) and all(len(exact.get(component, ())) == 64 for component in components)

"""What the components send to the browser: their own small scripts and styles, and plotly.js."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui import theme

_HERE = Path(__file__).parent
_STATIC = _HERE.parents[1] / "static"


def script(name: str) -> str:
    """The text of a component's script, behind the palettes and the helpers that all of them share."""
    palettes = f"const PALETTES = {json.dumps(theme.palettes())};\n"
    return palettes + (_HERE / "shared.js").read_text("utf-8") + (_HERE / f"{name}.js").read_text("utf-8")


def style(name: str) -> str:
    """The text of a component's style sheet."""
    return (_HERE / f"{name}.css").read_text("utf-8")


@cache
def plotly_url() -> str:
    """Where the browser finds plotly.js: the installed package's own file, copied into the app's static folder.

    The name carries the version, so that a browser that has cached one version fetches the next.

    Raises:
        OSError: the static folder cannot be written.
    """
    target = _STATIC / f"plotly-{version('plotly')}.min.js"
    if not target.exists():
        source = distribution("plotly").locate_file("plotly/package_data/plotly.min.js")
        partial = target.with_suffix(f".{os.getpid()}")
        partial.parent.mkdir(exist_ok=True)
        shutil.copy2(str(source), partial)
        partial.replace(target)
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/app/static/{target.name}"


def forward(key: str, then: Callable[[Any], None] | None) -> Callable[[], None]:
    """A callback for a component's "pick" that hands the picked value, kept under `key`, on to `then`."""

    def call() -> None:
        if then is not None:
            then(st.session_state[key]["pick"])

    return call


def packed(header: Mapping[str, Any], *arrays: np.ndarray) -> bytes:
    """A header and arrays as one block of bytes, which Streamlit passes on as it is; `unpack` in shared.js reads it.

    The header is filled up so that the first array begins at a multiple of four bytes.
    """
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([struct.pack("<I", len(text)), text, *(array.tobytes() for array in arrays)])

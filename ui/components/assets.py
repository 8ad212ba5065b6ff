"""How a component is made of its files, and how its data and messages travel between Python and the browser."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui import theme

_HERE = Path(__file__).parent


def component(name: str, html: str, isolate_styles: bool = True, styles: Sequence[str] = ()) -> Callable[..., Any]:
    """The Streamlit component made of the files `name`.js and `name`.css. Its root element has the class "component".

    The palettes and shared.js come before its script; shared.css comes before its style sheet if that is isolated.
    `styles` names further style sheets, which several components share.
    """
    palettes = f"const PALETTES = {json.dumps(theme.palettes())};\n"
    sheets = [*(["shared"] if isolate_styles else []), *styles, name]
    return st.components.v2.component(
        name,
        html=html,
        css="".join((_HERE / f"{sheet}.css").read_text("utf-8") for sheet in sheets),
        js=palettes + (_HERE / "shared.js").read_text("utf-8") + (_HERE / f"{name}.js").read_text("utf-8"),
        isolate_styles=isolate_styles,
    )


def forward(key: str, event: str, receive: Callable[..., None] | None, spread: bool = False) -> Callable[[], None]:
    """A callback that passes the message of a component's event to `receive`, with `spread` as several arguments."""

    def callback() -> None:
        sent = st.session_state.get(key)
        message = None if sent is None else sent[event]  # the message may come after another page has opened
        if receive is not None and message is not None:
            receive(*message) if spread else receive(message)

    return callback


def packed(header: Mapping[str, Any], *arrays: np.ndarray) -> bytes:
    """A header and arrays as bytes, which Streamlit sends unchanged; `unpack` in shared.js reads them.

    The header is padded so that the first array begins at a multiple of four bytes.
    """
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([struct.pack("<I", len(text)), text, *(array.tobytes() for array in arrays)])

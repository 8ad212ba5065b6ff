"""Shows texts through `plain` in several elements of Streamlit."""

from __future__ import annotations

import random

import streamlit as st

from ui.formatting import plain

TEXTS = [
    "![x](http://evil.example/a.svg) [a](http://evil.example)",
    "http://evil.example/x www.evil.example a@evil.example mailto:a@evil.example <http://evil.example>",
    ":smile: :material/home: :red[hi] :red-badge[x] :streamlit: :small[x]",
    "$x^2$ $$y$$ `code` **b** _i_ __j__ ~~s~~ snake_case",
    "a -> b <- c -- d >= f <= g ~= h",
    "<b>x</b> <img src=x> &amp; &#58; <!-- c -->",
    "# h",
    "1. one",
    "- x\n- y",
    "> q\n\n    code*",
    "a\n===",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "[x]: http://evil.example\n[x] [^1]",
    r"C:\dir\file_*.png \* 12:30:45 a::b",
    "\ud800 lone surrogate",
]
_PIECES = [
    *"\\`*_{}[]()<>#+-.!|~:$^=&@\"'/ \n0a1b",
    "http://",
    "www.",
    "e.com",
    ":material/home:",
    ":red[",
    "->",
    "](",
    "```",
]
_draw = random.Random(5)
TEXTS += ["".join(_draw.choices(_PIECES, k=_draw.randint(1, 9))) for _ in range(150)]

if __name__ == "__main__":
    for i, text in enumerate(TEXTS):
        with st.container(key=f"text-{i}"):
            st.markdown(f"begin {plain(text)} end")
        with st.container(key=f"button-{i}"):
            st.button(f"begin {plain(text)} end", key=f"b{i}")

"""The URL paths of what the server serves beside the pages."""

from __future__ import annotations

import streamlit as st


def path(name: str) -> str:
    """The URL path of this name, below the path that the whole app is served at."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/{name}" if base else f"/{name}"

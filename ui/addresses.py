"""URLs of the pages, and the URL paths of what the server serves beside them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urljoin

import streamlit as st

RUN, STEP = "run", "step"  # the parameters of a link to a run


def path(name: str) -> str:
    """The URL path of this name, below the path that the whole app is served at."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/{name}" if base else f"/{name}"


def link(page: str, query: Mapping[str, str]) -> str:
    """The whole URL of a page of this server, for another tab; `page` is not Home."""
    return f"{urljoin(st.context.url or '', page)}?{urlencode(query, safe=',;')}"


def linked_step() -> int | None:
    """The step that the URL of this page names, None for none."""
    text = st.query_params.get(STEP, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else None

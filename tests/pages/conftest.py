"""Fixtures of the pages that run without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.support.app_page import page_of
from ui import server


@pytest.fixture
def own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A session pool for this test, whose runs are kept in a temporary folder."""
    monkeypatch.setattr(server, "RUNS", tmp_path)
    yield
    server.pool().close()
    st.cache_resource.clear()


@pytest.fixture
def train(own_library: None) -> AppTest:
    """The app on the Train page, not yet run."""
    return page_of("train")

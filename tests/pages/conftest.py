"""Fixtures of the pages that run without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app_page import page_of


@pytest.fixture
def train(own_library: None) -> AppTest:
    """The app on the Train page, not yet run."""
    return page_of("train")

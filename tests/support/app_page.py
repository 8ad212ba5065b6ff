"""The app without a browser."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def opened(app: AppTest, query: dict[str, str] | None = None) -> AppTest:
    """The app after its first run, under a URL with this query."""
    app.query_params.update(query or {})
    app.run()
    assert not app.exception
    return app

"""The app without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

ROOT = Path(__file__).parents[2]


def page_of(name: str) -> AppTest:
    """The app on this page, not yet run."""
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page(f"pages/{name}.py")


def opened(app: AppTest, query: dict[str, str] | None = None) -> AppTest:
    """The app after its first run, under a URL with this query."""
    app.query_params.update(query or {})
    app.run()
    assert not app.exception
    return app


def button(app: AppTest, label: str) -> Button:
    """The first button whose label has this start."""
    return next(button for button in app.button if button.label.startswith(label))


def widget(app: AppTest, kind: str, key: str) -> Any:
    """The widget of this kind that `ui.widgets.showing` has given a key for `key`."""
    (found,) = (each for each in getattr(app, kind) if each.key and each.key.partition(", ")[0] == key)
    return found


def labels(app: AppTest) -> set[str]:
    """The labels of all buttons."""
    return {button.label for button in app.button}


def texts(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.subheader, app.info, app.error)
    return "\n".join(element.value for kind in kinds for element in kind)


def query_of(app: AppTest) -> dict[str, str]:
    """The query of the page's URL."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}

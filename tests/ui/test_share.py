"""The Share panel's script: the draft as it stands, made when its tab is opened."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import export, presets


def panel(preset: str) -> None:
    import streamlit as st

    from gan_core import presets
    from ui.train import share

    st.session_state.setdefault("share", "Script")
    share.panel(presets.load(preset))


def shown(preset: str) -> AppTest:
    app = AppTest.from_function(panel, args=(preset,), default_timeout=60).run()
    assert not app.exception
    return app


def test_the_script_of_the_draft_is_shown_and_offered() -> None:
    app = shown("gaussian-2d")
    assert export.script(presets.load("gaussian-2d")).strip() in [code.value.strip() for code in app.code]


def test_an_experiment_without_a_script_says_why() -> None:
    app = shown("style-mnist")
    assert "does not support generator.name = style" in app.info[0].value


@pytest.mark.parametrize("tab", ["Link", "JSON"])
def test_no_script_is_made_before_its_tab_is_opened(tab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "script", lambda config: pytest.fail("made too early"))
    app = AppTest.from_string(
        f"import streamlit as st\nfrom gan_core import presets\nfrom ui.train import share\n"
        f"st.session_state.setdefault('share', {tab!r})\nshare.panel(presets.load('gaussian-2d'))",
        default_timeout=60,
    ).run()
    assert not app.exception

"""The name, the tags and the notes of a run are saved whatever of the page was drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from gan_core.runs import Metadata, RunStore
from tests.support import app_page
from tests.support.saved_run import saved_run


def test_a_name_is_saved_even_if_the_page_was_left_before_its_tags_were_drawn(
    own_library: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = saved_run(RunStore(tmp_path), save_at=(1, 2))
    run.write_metadata(Metadata.of("first", ["kept"], "noted"))
    draw = st.multiselect
    monkeypatch.setattr(st, "multiselect", lambda label, *args, **kw: label == "Tags" or draw(label, *args, **kw))
    app = app_page.opened(app_page.page_of("runs"), {"run": run.id})
    app.text_input(key=f"name-{run.id}").set_value("second").run()
    assert not app.exception
    assert run.metadata() == Metadata.of("second", ["kept"], "noted")

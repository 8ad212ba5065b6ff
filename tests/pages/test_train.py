"""The Train page with a started run, without a browser: Resume, and two tabs at a time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import presets
from gan_core.runs import RunStore
from tests.support.waiting import until
from tests.ui.test_health import seen, watched

LONG = presets.load("ring8").with_values({"max_steps": 1_000_000})


@pytest.fixture
def begun(train: AppTest) -> AppTest:
    """A tab with a run of points in training."""
    train.query_params.update(LONG.to_query())
    return press(seen(train.run()), "Start")


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return seen(app.run())


@pytest.fixture
def stopped(begun: AppTest) -> AppTest:
    """A tab with a run that it has stopped after some steps."""
    until(lambda: watched(begun).snapshot().step)
    watched(begun).stop()
    assert watched(begun).wait(60)
    return seen(begun.run())


def test_resume_goes_on_with_the_run_as_it_was_begun(stopped: AppTest) -> None:
    before = watched(stopped)
    app = stopped
    app.number_input(key="essentials/batch_size").set_value(64).run()
    press(app, "Resume")
    assert watched(app) is before
    (told,) = (error.value for error in app.error)
    assert "Batch size (256 in this run)" in told
    assert app.session_state.draft.batch_size == 64  # the change is not lost


def test_resume_changes_live_settings_marks_and_keeps_them(stopped: AppTest, tmp_path: Path) -> None:
    app, old = stopped, watched(stopped)
    app.text_input(key="essentials/optimizer_g.lr").set_value("0.005").run()
    press(app, "Resume")
    session = watched(app)
    assert session is not old
    assert not app.error
    until = time.monotonic() + 60
    while not (session.snapshot().setting_changes and session.snapshot().step > old.snapshot().step):
        assert time.monotonic() < until
        time.sleep(0.05)
    session.stop()
    assert session.wait(60)
    run = RunStore(tmp_path).open(session.snapshot().run_id)
    assert run.config == old.snapshot().config.with_values({"optimizer_g.lr": 0.005})
    assert any(event["kind"] == "changed" and "0.005" in event["text"] for event in run.events())


def test_a_tab_shows_what_another_has_changed_in_its_run(begun: AppTest) -> None:
    app = begun
    watched(app).update({"optimizer_g.lr": 0.005})  # by another tab
    app.run()
    assert app.text_input(key="essentials/optimizer_g.lr").value == "0.005"
    app.text_input(key="essentials/optimizer_g.lr").set_value("0.002").run()
    assert watched(app).requested_config.optimizer_g.lr == 0.002

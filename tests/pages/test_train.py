"""The Train page with a started run, without a browser: Resume, and two tabs at a time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from gan_core import presets
from gan_core.runs import RunStore
from tests.support.app_page import widget
from tests.support.small import DIGITS
from tests.support.waiting import until
from tests.ui.test_health import seen, watched
from ui import server

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
    widget(app, "number_input", "essentials/batch_size").set_value(64).run()
    press(app, "Resume")
    assert watched(app) is before
    (told,) = (error.value for error in app.error)
    assert "Batch size (256 in this run)" in told
    assert app.session_state.draft.batch_size == 64  # the change is not lost


def test_resume_changes_live_settings_marks_and_keeps_them(stopped: AppTest, tmp_path: Path) -> None:
    app, old = stopped, watched(stopped)
    widget(app, "text_input", "essentials/optimizer_g.lr").set_value("0.005").run()
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


def test_resume_names_an_edited_config_and_stays_after_a_failure(stopped: AppTest, tmp_path: Path) -> None:
    app, config = stopped, watched(stopped).snapshot().config
    run = RunStore(tmp_path).open(watched(app).snapshot().run_id)
    run.write_config(config.with_values({"seed": 7}))
    press(app, "Resume")
    (told,) = (error.value for error in app.error)
    assert "was trained with seed 0 (now 7)" in told
    app.session_state.watched = key = server.pool().open(run.config, run_id=run.id)
    session = server.pool().get(key)
    assert session is not None
    session.start()
    assert session.wait(60)
    assert session.snapshot().status == "failed"
    run.write_config(config)
    app.session_state.draft = config
    press(seen(app.run()), "Resume")
    assert watched(app).snapshot().live


def test_restore_keeps_a_run_in_training_and_undoes_its_live_settings(begun: AppTest) -> None:
    app, session = begun, watched(begun)
    assert "Restore" not in [button.label for button in app.button]  # the number of steps stays as it is
    widget(app, "text_input", "essentials/optimizer_g.lr").set_value("0.005").run()
    assert session.requested_config.optimizer_g.lr == 0.005
    press(app, "Restore")
    assert watched(app) is session
    assert session.requested_config.optimizer_g == LONG.optimizer_g
    assert session.requested_config.max_steps == 1_000_000
    assert "Restore" not in [button.label for button in app.button]


def test_a_tab_shows_what_another_has_changed_in_its_run(begun: AppTest) -> None:
    app = begun
    watched(app).update({"optimizer_g.lr": 0.005})  # by another tab
    app.run()
    assert widget(app, "text_input", "essentials/optimizer_g.lr").value == "0.005"
    widget(app, "text_input", "essentials/optimizer_g.lr").set_value("0.002").run()
    assert watched(app).requested_config.optimizer_g.lr == 0.002


def test_a_widget_in_a_popover_shows_its_value_when_the_popover_opens(begun: AppTest) -> None:
    """A value that is only in the session state is sent once, and the browser has no widget for it yet."""
    widgets = {each.key: each for popover in begun.get("popover") for each in popover if getattr(each, "key", None)}
    assert widgets["unit"].value == "step"
    assert widgets["smoothing"].value == 0.9
    assert not [key for key, each in widgets.items() if getattr(each.proto, "set_value", False)]


def test_a_failed_start_shows_its_cause_once_and_only_as_long_as_it_lasts(train: AppTest, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    config = DIGITS.with_values({"data.name": "folder", "data.path": str(pictures), "condition.name": "none"})
    train.query_params.update(config.to_query())
    app = press(seen(train.run()), "Start")
    assert watched(app).wait(60)
    app = seen(app.run())
    assert watched(app).snapshot().status == "failed"
    assert len([error for error in app.error if str(pictures) in error.value]) == 1
    assert not app.get("progress")
    pictures.mkdir()
    for i in range(12):
        Image.new("RGB", (40, 40), (20 * i, 90, 200)).save(pictures / f"{i}.png")
    assert not seen(app.run()).error

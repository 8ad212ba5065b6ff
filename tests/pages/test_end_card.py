"""The card of a run that has ended, on the Train page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import presets
from gan_core.runs import RunStore
from tests.pages.test_train import press
from tests.ui.test_health import seen, watched
from ui.train import end_card

SHORT = presets.load("ring8").with_values({"max_steps": 40, "record.save_every": 20})
MORE = "Train 40 more steps"


@pytest.fixture
def finished(train: AppTest) -> AppTest:
    train.query_params.update(SHORT.to_query())
    app = press(seen(train.run()), "Start")
    assert watched(app).wait(120)
    return seen(app.run())


def test_the_card_says_how_good_the_samples_are_and_trains_on(finished: AppTest) -> None:
    (card,) = (element.value for element in finished.markdown if element.value.startswith("**Finished.**"))
    assert "of 8 modes are covered" in card
    run_id = watched(finished).snapshot().run_id
    press(finished, MORE)
    assert not finished.error
    session = watched(finished)
    assert session.wait(120)
    assert (session.snapshot().run_id, session.snapshot().step) == (run_id, 80)


def test_a_run_that_cannot_go_on_stays_and_says_why(finished: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunStore(end_card.pool().store.root).open(watched(finished).snapshot().run_id)
    next(button for button in finished.button if button.label == MORE).click()
    for step in run.checkpoints():
        (run.path / f"step-{step:07d}" / "state.safetensors").write_bytes(b"damaged")
    app = seen(finished.run())
    assert [error.value for error in app.error if "The run stays as it was" in error.value]


def test_a_stopped_run_has_no_card(train: AppTest) -> None:
    train.query_params.update(SHORT.with_values({"max_steps": 1_000_000}).to_query())
    app = press(seen(train.run()), "Start")
    watched(app).stop()
    assert watched(app).wait(60)
    assert not any(element.value.startswith("**Finished.**") for element in seen(app.run()).markdown)

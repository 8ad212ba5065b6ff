"""Home without a browser: the first run, the newest run, the ways into the app, and the presets."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import compare, presets
from gan_core.compare import StudyStore, TrialStatus
from gan_core.runs import RunStore
from tests.compare.studies import plan
from tests.support.app_page import button, labels, opened, page_of, texts
from ui.home import gallery

FIRST = "Train on handwritten digits"

pytestmark = pytest.mark.usefixtures("own_library")


@pytest.fixture
def home(own_library: None) -> AppTest:
    return opened(page_of("home"))


def started(home: AppTest) -> str:
    """Press the button of the first run; the key of the session that Train shows then."""
    button(home.switch_page("pages/home.py").run(), FIRST).click().run()
    assert not home.exception
    assert not home.error
    key: str = home.session_state.watched
    return key


def test_home_offers_every_preset(home: AppTest) -> None:
    assert {presets.get(name).title for name in presets.names()} <= labels(home)


@pytest.mark.parametrize("chosen", gallery._FILTERS)
def test_a_filter_leaves_only_its_presets(home: AppTest, chosen: str) -> None:
    home.button_group(key="home-filter").set_value(chosen).run()
    left = {each.key.removeprefix("open-") for each in home.button if each.key and each.key.startswith("open-")}
    assert left == {name for name in presets.names() if gallery._FILTERS[chosen](presets.get(name))}
    assert left


def test_a_card_says_the_first_thing_to_look_for() -> None:
    assert gallery.first_sentence("R1 (Mescheder et al., 2018) at 0.5 holds. D is calm.") == (
        "R1 (Mescheder et al., 2018) at 0.5 holds."
    )
    assert gallery.first_sentence("One sentence.") == "One sentence."


def test_a_card_opens_its_preset_on_train(home: AppTest) -> None:
    home.button(key="open-ring8").click().run()
    assert not home.exception
    assert home.session_state.draft == presets.load("ring8")


def test_the_first_run_starts_at_once_and_a_second_press_shows_the_same_run(home: AppTest) -> None:
    from ui.server import pool

    first = started(home)
    session = pool().get(first)
    assert session is not None
    assert session.requested_config == presets.load("projection-mnist")
    session.update({"optimizer_g.lr": 0.5})  # it stays the first run
    assert started(home) == first
    assert list(pool().live()) == [first]
    assert "This run had been started before" in texts(home)
    session.stop()
    session.wait(60)
    assert started(home) != first


def test_a_library_that_cannot_be_written_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setattr("ui.server.RUNS", tmp_path / "file")
    home = opened(page_of("home"))
    button(home, FIRST).click().run()
    from ui.server import pool

    session = pool().get(home.session_state.watched)
    assert session is not None
    session.wait(60)
    home.switch_page("pages/train.py").run()
    assert not home.exception
    assert "Cannot keep runs in" in home.error[0].value


def test_the_newest_run_is_continued_unless_a_comparison_trained_it(home: AppTest, tmp_path: Path) -> None:
    assert not [label for label in labels(home) if label.startswith("Continue")]
    store = RunStore(tmp_path)
    run = store.create(presets.load("ring8"), name="My *ring*")
    compared = store.create(presets.load("ring8"))
    study = StudyStore(tmp_path).create(plan())
    study.write_trial_status(TrialStatus(study.jobs[0].key, "finished", compared.id))
    continued = button(home.run(), "Continue")
    assert continued.label == r"Continue: My \*ring\*, just now"
    continued.click().run()
    assert not home.exception
    assert home.session_state.run == run.id


def test_a_run_in_training_is_continued_on_train(home: AppTest) -> None:
    from ui.server import pool

    key = pool().open(presets.load("ring8").with_values({"max_steps": 1_000_000}))
    session = pool().get(key)
    assert session is not None
    session.start()
    while not session.snapshot().step:
        assert session.snapshot().live
    button(home.run(), "Continue: Ring of eight, in training").click().run()
    assert not home.exception
    assert home.session_state.watched == key


def test_home_links_to_the_comparison_that_trains(
    home: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nothing is training" in texts(home)
    study = StudyStore(tmp_path).create(compare.get("optimizers"))
    monkeypatch.setattr(compare, "running", lambda: [study])
    assert "Nothing is training" not in texts(home.run())
    links = {each.proto.page: each.proto for each in home.get("page_link")}
    assert study.comparison.title in links["compare"].label
    assert links["compare"].query_string == f"comparison={study.id}"


def test_the_doors_lead_to_train_and_to_a_shipped_model(home: AppTest) -> None:
    links = {each.proto.page: each.proto for each in home.get("page_link")}
    assert links.keys() == {"train", "latent"}
    assert links["latent"].query_string == "run=digits-conditional"

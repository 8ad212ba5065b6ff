"""Train without a browser: every experiment opens, and a bad link is explained in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import losses, models, presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS, LOSSES
from gan_core.losses import penalties
from gan_core.losses.descriptions import describe, penalty_formula
from gan_core.models.summary import CardError
from gan_core.training.trainer import Trainer
from tests.support.app_page import ROOT, opened, widget
from tests.support.small import few_faces
from ui import formatting
from ui.experiment_command import command_line
from ui.train import class_picker, model_card

pytestmark = pytest.mark.usefixtures("own_library")


def test_a_page_imports_only_what_its_first_view_needs() -> None:
    """Home appears before torch is imported, and Train before the packages of the curves and the evaluations."""
    code = """
import sys
import ui.shell, ui.components.game, ui.home.doors, ui.home.first_run, ui.home.gallery
assert "torch" not in sys.modules
import ui.train.form, ui.train.curves, ui.train.controls, ui.train.samples, ui.train.model_card
assert not {"matplotlib", "scipy", "torchvision", "pandas", "sklearn"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_opens_and_its_link_gives_it_back(train: AppTest, name: str) -> None:
    with few_faces(100):
        app = opened(train, presets.load(name).to_query())
    assert app.session_state.draft == presets.load(name)
    assert not app.error
    shown = {key: value if isinstance(value, str) else value[0] for key, value in app.query_params.items()}
    assert TrainConfig.from_query(shown) == presets.load(name)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"optimizer_d.lr": "20"}, "optimizer_d.lr: 20 is not allowed; it must be a number above 0 and at most 10"),
        ({"optimizer_d.name": "adm"}, "did you mean adam?"),
        ({"nothing": "1"}, '"nothing" is not a setting'),
        ({"data.name": "ring8"}, "does not work on points"),
        ({"preset": "nope"}, 'There is no preset "nope".'),
        ({"preset": "rng8"}, 'There is no preset "rng8". Did you mean "ring8"?'),
    ],
)
def test_a_bad_link_is_explained_and_opens_the_default(train: AppTest, query: dict[str, str], message: str) -> None:
    app = opened(train, query)
    assert message in app.error[0].value
    assert app.session_state.draft == presets.load("mnist-quick")


def test_a_retired_setting_in_a_link_or_in_pasted_json_is_ignored_with_a_remark(train: AppTest) -> None:
    app = opened(train, {**presets.load("ring8").to_query(), "compile": "true"})
    remark = 'The setting "compile" is ignored: it no longer exists'
    assert app.session_state.draft == presets.load("ring8")
    assert [element for element in app.info if remark in element.value]
    assert not app.error
    widget(app, "selectbox", "preset").set_value("mnist-quick").run()
    assert not [element for element in app.info if remark in element.value]
    app.text_area(key="pasted").set_value('{"compile": false, "seed": 4}').run()
    next(button for button in app.button if button.label == "Use these settings").click().run()
    assert app.session_state.draft == TrainConfig().with_values({"seed": 4})
    assert [element for element in app.info if remark in element.value]


def test_a_link_to_an_unknown_session_is_no_error(train: AppTest) -> None:
    app = opened(train, {"session": "gone"})
    assert app.session_state.watched is None
    assert not app.error


@pytest.mark.parametrize("name", [n for n, entry in DATASETS.items() if entry.needs == "network"])
def test_a_data_set_that_needs_a_download_says_so_before_start(train: AppTest, name: str) -> None:
    app = opened(train, presets.fit_to(presets.load("mnist-quick"), name).to_query())
    assert any("downloaded once" in element.value for element in app.info)


def test_pasted_json_becomes_the_experiment(train: AppTest) -> None:
    app = opened(train)
    wanted = presets.load("ring8").with_values({"seed": 5})
    app.text_area(key="pasted").set_value(wanted.to_json()).run()
    next(button for button in app.button if button.label == "Use these settings").click().run()
    assert app.session_state.draft == wanted


def test_a_bad_pasted_config_is_explained(train: AppTest) -> None:
    app = opened(train)
    app.text_area(key="pasted").set_value(json.dumps({"optimizer_d": {"lr": -1}})).run()
    next(button for button in app.button if button.label == "Use these settings").click().run()
    assert "optimizer_d.lr: -1 is not allowed" in app.error[0].value


def test_the_command_line_of_an_experiment_gives_it_back() -> None:
    config = presets.load("mnist-quick").with_values({"generator.hidden": (8, 8), "seed": 3, "optimizer_g.lr": 1e-5})
    assert command_line(config).endswith(
        "--preset mnist-quick --set seed=3 --set generator.hidden=8,8 --set optimizer_g.lr=1e-05"
    )


def test_the_command_line_names_settings_that_would_otherwise_follow() -> None:
    config = presets.load("mnist-quick").with_values({"optimizer_g.name": "sgd"})  # with the rate of the preset, 1
    assert command_line(config).endswith("--set optimizer_g.name=sgd --set optimizer_g.lr=1")


@pytest.mark.parametrize(("seconds", "text"), [(7, "0:07"), (72, "1:12"), (7385, "2:03:05"), (-1, "0:00")])
def test_durations_read_like_a_clock(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("minutes", "text"), [(0.3, "about 20 seconds"), (1, "about 1 minute"), (240, "about 4 hours")]
)
def test_rough_times_are_rough(minutes: float, text: str) -> None:
    assert formatting.rough_minutes(minutes) == text


# ---- the model card and the class picker -----------------------------------------------------------------------------


def card_of(app: AppTest, query: dict[str, str] | None = None) -> str:
    """The text of the opened model card."""
    app.session_state["card"] = True
    opened(app, query)
    return "\n".join(element.value for element in [*app.markdown, *app.latex, *app.info])


def test_the_card_is_empty_until_it_is_opened(train: AppTest) -> None:
    assert not [element for element in opened(train).markdown if "Parameters" in element.value]


@pytest.mark.parametrize("name", ["mnist-quick", "ring8", "wgan-mnist"])
def test_the_card_shows_layers_formulas_and_descriptions(train: AppTest, name: str) -> None:
    config = presets.load(name)
    text = card_of(train, config.to_query())
    for network in models.build(config):
        assert f"**{models.count_parameters(network):,}**" in text
    assert describe(losses.get(config.loss.name, config.loss.combine)).formula_g in text
    assert penalty_formula(penalties.get(config.penalty)) in text
    assert LOSSES[config.loss.name].description in text


def test_the_card_explains_why_networks_cannot_be_built(train: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def unbuildable(config: TrainConfig) -> None:
        raise CardError("These two networks cannot be built as they are set: sizes differ")

    monkeypatch.setattr(model_card, "_content", unbuildable)
    assert "cannot be built as they are set" in card_of(train)


def test_measure_shows_the_speed(train: AppTest) -> None:
    card_of(train, presets.load("ring8").to_query())
    speeds = [element.value for element in train.metric if element.label == "Speed"]
    assert speeds == ["not measured"]
    next(button for button in train.button if button.label == "Measure").click().run()
    assert not train.exception
    (now,) = [element.value for element in train.metric if element.label == "Speed"]
    assert now.endswith(" points/s")


def test_the_chosen_class_survives_reruns_and_a_change_of_data_set() -> None:
    def page() -> None:
        import streamlit as st

        from ui.train import class_picker

        names = ("shoe", "hat") if st.session_state.get("hats", True) else ("dog",)
        st.session_state.picked = class_picker.picker(names)

    app = AppTest.from_function(page).run()
    assert app.session_state.picked is None
    app.button_group(key="class").set_value("hat").run()
    app.run()
    assert app.session_state.picked == 1
    app.session_state.hats = False
    assert app.run().session_state.picked is None
    app.session_state.hats = True
    assert app.run().session_state.picked == 1


def test_samples_show_every_class_in_turn() -> None:
    config = presets.load("mnist-quick").with_values({"condition.name": "embedding", "data.count": 100})
    labels = Trainer(config, "cpu").classes_in_turn(25)
    assert labels is not None
    assert class_picker.of_samples(25, config.classes).tolist() == labels.tolist()


def test_step_clicked_twice_before_the_page_is_redrawn_takes_two_steps() -> None:
    def page() -> None:
        import streamlit as st

        from gan_core import presets
        from ui.train import controls, state

        state.open_page()
        state.set_draft(presets.load("ring8"))
        for _ in range(2):  # as two clicks on a page that has no session yet
            controls._first_step("both")
        session = state.watched()
        assert session is not None
        while session.snapshot().step < 2 and session.snapshot().live:
            st.empty()
        session.stop()
        session.wait(60)
        st.text(session.snapshot().step)

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert app.text[0].value == "2"


def test_a_drawing_that_is_reported_twice_does_not_close_its_session() -> None:
    """A browser that still shows the pad after Start has replaced it reports the drawing once more."""

    def page() -> None:
        import streamlit as st

        from gan_core import presets
        from ui.train import samples, state

        drawing = ((0.0, 0.0), (1.0, 0.5), (2.0, 1.0))
        state.set_draft(presets.load("drawn").with_values({"data.points": drawing}))
        st.session_state.watched = "a session"
        samples._on_draw(drawing)
        st.text(state.watched_key())
        samples._on_draw(drawing[:2])
        st.text(state.watched_key())

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert [text.value for text in app.text] == ["a session", "None"]


def test_a_changed_preset_says_so_and_comes_back_when_it_is_chosen_again(train: AppTest) -> None:
    app = opened(train, presets.load("gaussian-2d").to_query())
    assert widget(app, "selectbox", "preset").value == "gaussian-2d"
    widget(app, "text_input", "essentials/optimizer_g.lr").set_value("0.5").run()
    assert widget(app, "selectbox", "preset").value is None
    assert widget(app, "selectbox", "preset").placeholder.endswith(", changed")
    assert any("You changed this preset" in element.value for element in app.markdown)
    widget(app, "selectbox", "preset").set_value("gaussian-2d").run()
    assert app.session_state.draft == presets.load("gaussian-2d")
    widget(app, "text_input", "essentials/optimizer_g.lr").set_value("0.5").run()
    next(button for button in app.button if button.label == "Restore").click().run()
    assert app.session_state.draft == presets.load("gaussian-2d")
    assert "Restore" not in [button.label for button in app.button]


@pytest.mark.parametrize("name", ["preset", "dataset"])
def test_a_late_report_of_a_picker_does_not_leave_the_experiment(train: AppTest, name: str) -> None:
    """The browser reports the pickers' old values for a while after the experiment has changed."""
    app = opened(train, presets.load("gaussian-2d").to_query())
    before = widget(app, "selectbox", name)
    old = before.value
    if name == "preset":
        widget(app, "text_input", "essentials/optimizer_g.lr").set_value("0.5").run()
    else:
        widget(app, "selectbox", "preset").set_value("mnist-quick").run()
    draft, late = app.session_state.draft, widget(app, "selectbox", name)
    late.id = before.id
    late.set_value(old).run()
    assert app.session_state.draft == draft


def test_a_link_that_names_only_a_preset_opens_it(train: AppTest) -> None:
    assert opened(train, {"preset": "ring8"}).session_state.draft == presets.load("ring8")

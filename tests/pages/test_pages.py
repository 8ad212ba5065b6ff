"""The pages, run without a browser: every choice opens, and a bad one is told in a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from gan_core import losses, models, presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS, LOSSES, OPTIMIZERS
from gan_core.config.schema import as_text
from gan_core.losses import penalties
from gan_core.models.summary import CardError
from gan_core.training.trainer import Trainer
from ui import formatting, server
from ui.train import class_picker, form, model_card, share

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(server, "RUNS", tmp_path)
    yield
    server.pool().close()
    st.cache_resource.clear()


@pytest.fixture
def train() -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    return app.switch_page("pages/train.py")


def opened(app: AppTest, query: dict[str, str] | None = None) -> AppTest:
    app.query_params.update(query or {})
    app.run()
    assert not app.exception
    return app


def test_a_page_loads_only_what_its_first_sight_needs() -> None:
    """Home is drawn before torch is loaded, and Train before what only curves and judgements need."""
    code = """
import sys
import ui.shell, ui.home.cards
assert "torch" not in sys.modules
import ui.train.form, ui.train.curves, ui.train.controls, ui.train.samples, ui.train.model_card
assert not {"scipy", "torchvision", "pandas", "sklearn"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_home_offers_every_preset() -> None:
    app = opened(AppTest.from_file(str(ROOT / "app.py"), default_timeout=60))
    titles = "\n".join(element.value for element in app.markdown)
    assert all(presets.get(name).title in titles for name in presets.names())


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_opens_and_its_link_gives_it_back(train: AppTest, name: str) -> None:
    app = opened(train, presets.load(name).to_query())
    assert app.session_state.draft == presets.load(name)
    assert not app.error
    shown = {key: value if isinstance(value, str) else value[0] for key, value in app.query_params.items()}
    assert TrainConfig.from_query(shown) == presets.load(name)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"optimizer_d.lr": "20"}, "optimizer_d.lr: 20 is not allowed; it must be a number above 0 and at most 10"),
        ({"optimizer_d.name": "adm"}, "did you mean adam?"),
        ({"nothing": "1"}, '"nothing" is not a setting'),
        ({"data.name": "ring8"}, "does not work on points"),
    ],
)
def test_a_bad_link_is_told_and_the_default_stands(train: AppTest, query: dict[str, str], told: str) -> None:
    app = opened(train, query)
    assert told in app.error[0].value
    assert app.session_state.draft == presets.load("mnist-quick")


def test_an_unknown_session_in_a_link_is_no_trouble(train: AppTest) -> None:
    app = opened(train, {"session": "gone"})
    assert app.session_state.watched is None
    assert not app.error


def test_a_bad_value_in_the_form_is_told_and_falls_back(train: AppTest) -> None:
    app = opened(train)
    before = app.session_state.draft
    app.text_input(key="essentials/optimizer_g.lr").set_value("fast").run()
    assert "optimizer_g.lr: fast is not allowed" in app.error[0].value
    assert app.session_state.draft == before
    assert app.text_input(key="essentials/optimizer_g.lr").value == as_text(before.optimizer_g.lr)


def test_another_optimiser_brings_its_own_rate(train: AppTest) -> None:
    app = opened(train)
    app.selectbox(key="Optimisers/optimizer_d.name").set_value("sgd").run()
    assert app.session_state.draft.optimizer_d.lr == OPTIMIZERS["sgd"].lr
    assert app.text_input(key="essentials/optimizer_d.lr").value == "0.02"


@pytest.mark.parametrize("name", [n for n, entry in DATASETS.items() if entry.needs == "network"])
def test_a_set_that_must_be_downloaded_says_so_before_start(train: AppTest, name: str) -> None:
    app = opened(train, presets.fit_to(presets.load("mnist-quick"), name).to_query())
    assert any("downloaded once" in element.value for element in app.info)


def test_pasted_json_becomes_the_experiment(train: AppTest) -> None:
    app = opened(train)
    wanted = presets.load("ring8").with_values({"seed": 5})
    app.text_area(key="pasted").set_value(wanted.to_json()).run()
    next(button for button in app.button if button.label == "Use this config").click().run()
    assert app.session_state.draft == wanted


def test_pasted_nonsense_is_told(train: AppTest) -> None:
    app = opened(train)
    app.text_area(key="pasted").set_value(json.dumps({"optimizer_d": {"lr": -1}})).run()
    next(button for button in app.button if button.label == "Use this config").click().run()
    assert "optimizer_d.lr: -1 is not allowed" in app.error[0].value


def test_every_setting_has_its_place_in_the_form() -> None:
    from gan_core.config import SETTINGS

    placed = tuple(prefix for prefixes in form.TABS.values() for prefix in prefixes)
    assert [key for key in SETTINGS if not key.startswith(placed)] == ["preset"]


def test_the_command_line_of_an_experiment_gives_it_back() -> None:
    config = presets.load("mnist-quick").with_values({"generator.hidden": (8, 8), "seed": 3, "optimizer_g.lr": 1e-5})
    assert share.command_line(config).endswith(
        "--preset mnist-quick --set seed=3 --set generator.hidden=8,8 --set optimizer_g.lr=1e-05"
    )


@pytest.mark.parametrize(("seconds", "text"), [(7, "0:07"), (72, "1:12"), (7385, "2:03:05"), (-1, "0:00")])
def test_durations_read_like_a_clock(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("minutes", "text"), [(0.3, "about 20 seconds"), (1, "about 1 minute"), (240, "about 4 hours")]
)
def test_rough_times_are_rough(minutes: float, text: str) -> None:
    assert formatting.rough_minutes(minutes) == text


# ---- settings that only some choices read ----------------------------------------------------------------------------


def offered(app: AppTest) -> set[str]:
    """The settings that have a widget under All settings."""
    widgets = [*app.selectbox, *app.text_input, *app.number_input, *app.toggle]
    return {widget.key.partition("/")[2] for widget in widgets if "/" in (widget.key or "")}


@pytest.mark.parametrize(("name", "told"), [("mnist-5k", True), ("sprites", False), ("ring8", False)])
def test_the_class_can_be_told_where_data_have_classes(train: AppTest, name: str, told: bool) -> None:
    app = opened(train, presets.fit_to(presets.load("mnist-quick"), name).to_query())
    assert ("condition.name" in offered(app)) is told
    assert "condition.dim" not in offered(app)


def test_a_condition_shows_its_size_and_goes_when_the_data_have_no_classes(train: AppTest) -> None:
    app = opened(train)
    app.selectbox(key="Data and classes/condition.name").set_value("projection").run()
    assert "condition.dim" in offered(app)
    app.selectbox(key="dataset").set_value("sprites").run()
    assert not app.error
    assert app.session_state.draft.condition.name == "none"


def test_only_what_the_family_reads_is_offered(train: AppTest) -> None:
    style = opened(train, {"generator.name": "style"})
    assert {"generator.mapping", "generator.style_mixing", "discriminator.head", "augment.color"} <= offered(style)
    assert not {"generator.spectral", "generator.norm", "generator.blocks", "generator.hidden"} & offered(style)


def test_points_are_neither_augmented_nor_doubled(train: AppTest) -> None:
    assert not {"augment.color", "generator.depth", "data.size"} & offered(
        opened(train, presets.load("ring8").to_query())
    )


def test_a_family_that_cannot_be_normalised_spectrally_ends_that(train: AppTest) -> None:
    app = opened(train, {"generator.spectral": "true"})
    app.selectbox(key="Generator/generator.name").set_value("style").run()
    assert app.session_state.draft.generator.spectral is False


# ---- the model card and the class picker -----------------------------------------------------------------------------


def card_of(app: AppTest, query: dict[str, str] | None = None) -> str:
    """The words on the opened model card."""
    app.session_state["card"] = True
    opened(app, query)
    return "\n".join(element.value for element in [*app.markdown, *app.latex, *app.info])


def test_nothing_of_the_card_is_worked_out_before_it_is_opened(train: AppTest) -> None:
    assert not [element for element in opened(train).markdown if "Parameters" in element.value]


@pytest.mark.parametrize("name", ["mnist-quick", "ring8", "wgan-mnist"])
def test_the_card_shows_the_layers_the_formulas_and_the_pieces(train: AppTest, name: str) -> None:
    config = presets.load(name)
    words_on_card = card_of(train, config.to_query())
    for network in models.build(config):
        assert f"**{models.count_parameters(network):,}**" in words_on_card
    assert losses.get(config.loss.name, config.loss.combine).formula_g in words_on_card
    assert penalties.get(config.penalty).formula in words_on_card
    assert LOSSES[config.loss.name].about in words_on_card


def test_networks_that_cannot_be_built_are_told_on_the_card(train: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def unbuildable(config: TrainConfig) -> None:
        raise CardError("These two networks cannot be built as they are set: sizes differ")

    monkeypatch.setattr(model_card, "_described", unbuildable)
    assert "cannot be built as they are set" in card_of(train)


def test_measure_tells_the_speed(train: AppTest) -> None:
    card_of(train, presets.load("ring8").to_query())
    speeds = [element.value for element in train.metric if element.label == "Speed"]
    assert speeds == ["not measured"]
    next(button for button in train.button if button.label == "Measure").click().run()
    assert not train.exception
    (now,) = [element.value for element in train.metric if element.label == "Speed"]
    assert now.endswith(" images/s")


def test_a_chosen_class_outlives_another_run_of_the_page_and_another_data_set() -> None:
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
    turn = Trainer(config, "cpu").classes_in_turn(25)
    assert turn is not None
    assert class_picker.of_samples(25, config.classes).tolist() == turn.tolist()


def test_a_step_pressed_again_before_the_page_is_drawn_anew_is_a_second_step() -> None:
    def page() -> None:
        import streamlit as st

        from gan_core import presets
        from ui.train import controls, state

        state.open_page()
        state.set_draft(presets.load("ring8"))
        for _ in range(2):  # as two clicks on a page that knows of no session yet
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


def test_a_drawing_told_twice_takes_nobody_away_from_the_session_that_learns_it() -> None:
    """A browser that still shows the pad when Start has put the samples in its place tells of the drawing once more."""

    def told() -> None:
        import streamlit as st

        from gan_core import presets
        from ui.train import samples, state

        drawing = ((0.0, 0.0), (1.0, 0.5), (2.0, 1.0))
        state.set_draft(presets.load("drawn").with_values({"data.points": drawing}))
        st.session_state.watched = "a session"
        samples._drawn(drawing)
        st.text(state.watched_key())
        samples._drawn(drawing[:2])
        st.text(state.watched_key())

    page = AppTest.from_function(told, default_timeout=60).run()
    assert not page.exception
    assert [text.value for text in page.text] == ["a session", "None"]


def form_of_a_rate() -> None:
    """A rate that stands in two places, and what the page complains of."""
    import streamlit as st

    from gan_core.config import SETTINGS, TrainConfig
    from ui import messages
    from ui.train import form, state

    st.session_state.setdefault("draft", TrainConfig())
    for place in ("above", "below"):
        form._widget(SETTINGS["optimizer_g.lr"], state.draft(), None, place)
    st.text(messages.trouble())


def test_what_a_browser_tells_of_a_widget_that_it_has_not_yet_drawn_anew_undoes_no_change() -> None:
    """The browser tells of the old rate in the second place after a change in the first."""
    page = AppTest.from_function(form_of_a_rate, default_timeout=60).run()
    above, below = page.text_input
    old = below.value
    above.set_value("0.0004").run()
    assert [each.value for each in page.text_input] == ["0.0004", "0.0004"]
    page.text_input[1].set_value(old).run()
    assert page.session_state.draft.optimizer_g.lr == 0.0004
    assert [each.value for each in page.text_input] == ["0.0004", "0.0004"]
    page.text_input[1].set_value("0.001").run()
    assert page.session_state.draft.optimizer_g.lr == 0.001


def test_what_a_browser_has_heard_late_ends_no_complaint() -> None:
    """It may tell of the changed rate in the second place together with a value in the first that is refused."""
    page = AppTest.from_function(form_of_a_rate, default_timeout=60).run()
    page.text_input[0].set_value("0.0004").run()
    page.text_input[0].set_value("fast")
    page.text_input[1].set_value("4e-4").run()
    assert page.text[0].value.startswith("optimizer_g.lr: fast is not allowed")
    assert [each.value for each in page.text_input] == ["0.0004", "0.0004"]
    page.text_input[1].set_value("0.001").run()
    assert page.text[0].value == ""


# ---- what a stranger tries -------------------------------------------------------------------------------------------


def test_an_empty_number_is_told_and_falls_back(train: AppTest) -> None:
    app = opened(train)
    before = app.session_state.draft
    for bad in (None, 0, 10**9):
        app.number_input(key="essentials/batch_size").set_value(bad).run()
        assert "batch_size: " in app.error[0].value
        assert app.session_state.draft == before
        assert app.number_input(key="essentials/batch_size").value == before.batch_size


def test_a_changed_preset_says_so_and_comes_back_when_it_is_chosen_again(train: AppTest) -> None:
    app = opened(train, presets.load("gaussian-2d").to_query())
    assert app.selectbox(key="preset").value == "gaussian-2d"
    app.text_input(key="essentials/optimizer_g.lr").set_value("0.5").run()
    assert app.selectbox(key="preset").value is None
    assert app.selectbox(key="preset").placeholder.endswith(", changed")
    assert any("You have changed it" in element.value for element in app.markdown)
    app.selectbox(key="preset").set_value("gaussian-2d").run()
    assert app.session_state.draft == presets.load("gaussian-2d")


def test_a_link_that_names_only_a_preset_opens_it(train: AppTest) -> None:
    assert opened(train, {"preset": "ring8"}).session_state.draft == presets.load("ring8")

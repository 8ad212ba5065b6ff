"""The settings form of the Train page without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from gan_core import presets
from gan_core.config import SETTINGS
from gan_core.config.catalog import OPTIMIZERS
from gan_core.config.schema import as_text
from tests.support.app_page import opened, widget
from ui.train import form


def test_a_bad_value_is_explained_and_reset(train: AppTest) -> None:
    app = opened(train)
    before = app.session_state.draft
    widget(app, "text_input", "essentials/optimizer_g.lr").set_value("fast").run()
    assert "optimizer_g.lr: fast is not allowed" in app.error[0].value
    assert app.session_state.draft == before
    assert widget(app, "text_input", "essentials/optimizer_g.lr").value == as_text(before.optimizer_g.lr)


def test_another_optimiser_brings_its_learning_rate_and_the_page_says_so(train: AppTest) -> None:
    app = opened(train)
    app.selectbox(key="Optimisers/optimizer_d.name").set_value("sgd").run()
    assert app.session_state.draft.optimizer_d.lr == OPTIMIZERS["sgd"].lr
    assert widget(app, "text_input", "essentials/optimizer_d.lr").value == "0.02"
    assert [toast.value for toast in app.toast] == ["Also changed: D learning rate 1 → 0.02"]


def test_every_setting_has_its_place_in_the_form() -> None:
    placed = tuple(prefix for prefixes in form.TABS.values() for prefix in prefixes)
    assert [key for key in SETTINGS if not key.startswith(placed)] == ["preset"]


def offered(app: AppTest) -> set[str]:
    """The settings that have a widget under All settings."""
    widgets = [*app.selectbox, *app.text_input, *app.number_input, *app.toggle]
    return {widget.key.partition("/")[2] for widget in widgets if "/" in (widget.key or "")}


@pytest.mark.parametrize(
    ("name", "has_classes"), [("mnist-5k", True), ("faces", True), ("sprites", False), ("ring8", False)]
)
def test_a_condition_is_offered_only_for_data_with_classes(train: AppTest, name: str, has_classes: bool) -> None:
    app = opened(train, presets.fit_to(presets.load("mnist-quick"), name).to_query())
    assert ("condition.name" in offered(app)) is has_classes
    assert "condition.dim" not in offered(app)


def test_faces_have_classes_by_hair_or_by_glasses(train: AppTest) -> None:
    app = opened(train, presets.load("faces-conditional").to_query())
    app.selectbox(key="Data and classes/data.labels").set_value("glasses").run()
    assert app.session_state.draft.classes == ("no glasses", "glasses")
    app.selectbox(key="Data and classes/condition.name").set_value("none").run()
    assert "data.labels" not in offered(app)


def test_data_without_classes_remove_the_condition(train: AppTest) -> None:
    app = opened(train)
    app.selectbox(key="Data and classes/condition.name").set_value("projection").run()
    assert "condition.dim" in offered(app)
    app.selectbox(key="dataset").set_value("sprites").run()
    assert not app.error
    assert app.session_state.draft.condition.name == "none"


def test_only_settings_that_the_family_reads_are_offered(train: AppTest) -> None:
    style = opened(train, {"generator.name": "style"})
    assert {"generator.mapping", "generator.style_mixing", "discriminator.head", "augment.color"} <= offered(style)
    assert not {"generator.spectral", "generator.norm", "generator.blocks", "generator.hidden"} & offered(style)


def test_settings_for_images_are_not_offered_for_points(train: AppTest) -> None:
    assert not {"augment.color", "generator.depth", "data.size"} & offered(
        opened(train, presets.load("ring8").to_query())
    )


def test_a_family_without_spectral_normalisation_turns_it_off(train: AppTest) -> None:
    app = opened(train, {"generator.spectral": "true"})
    app.selectbox(key="Generator/generator.name").set_value("style").run()
    assert app.session_state.draft.generator.spectral is False


def form_of_a_rate() -> None:
    """A learning rate with two widgets, and the error message of the page."""
    import streamlit as st

    from gan_core.config import SETTINGS, TrainConfig
    from ui import messages
    from ui.train import form, state

    st.session_state.setdefault("draft", TrainConfig())
    for place in ("above", "below"):
        form.widget(SETTINGS["optimizer_g.lr"], state.draft(), None, place)
    st.text(messages.error_text())


def test_a_late_report_of_an_old_value_undoes_no_change() -> None:
    """After a change in the first widget the browser still reports the old rate for the second, for a while."""
    page = AppTest.from_function(form_of_a_rate, default_timeout=60).run()
    above, below = page.text_input
    old = below.value
    above.set_value("0.0004").run()
    page.text_input[1].id = below.id
    page.text_input[1].set_value(old).run()
    assert page.session_state.draft.optimizer_g.lr == 0.0004
    assert [each.value for each in page.text_input] == ["0.0004", "0.0004"]


def test_the_old_value_can_be_chosen_again_at_once() -> None:
    page = AppTest.from_function(form_of_a_rate, default_timeout=60).run()
    above, below = page.text_input
    old = below.value
    above.set_value("0.0004").run()
    page.text_input[1].set_value(old).run()
    assert [each.value for each in page.text_input] == [old, old]


def test_a_number_out_of_range_is_explained_and_reset(train: AppTest) -> None:
    app = opened(train)
    before = app.session_state.draft
    for bad in (0, 10**9):
        widget(app, "number_input", "essentials/batch_size").set_value(bad).run()
        assert "batch_size: " in app.error[0].value
        assert app.session_state.draft == before
        assert widget(app, "number_input", "essentials/batch_size").value == before.batch_size


def test_another_data_set_fits_the_networks_and_the_page_says_so(train: AppTest) -> None:
    app = opened(train)
    app.selectbox(key="dataset").set_value("ring8").run()
    assert app.session_state.draft == presets.fit_to(presets.load("mnist-quick"), "ring8")
    [toast] = app.toast
    assert toast.value.startswith("Also changed: ")
    assert " more" in toast.value


def test_no_normalisation_brings_biases_to_a_network_without_them(train: AppTest) -> None:
    app = opened(train, presets.load("dcgan-sprites").to_query())
    app.selectbox(key="Discriminator/discriminator.norm").set_value("none").run()
    assert app.session_state.draft.discriminator.bias == "auto"
    assert app.session_state.draft.generator.bias == "never"
    assert [toast.value for toast in app.toast] == ["Also changed: Bias never → auto"]


def test_a_cleared_number_shows_its_value_again(train: AppTest) -> None:
    app = train.run()
    value = app.session_state.draft.n_critic
    widget(app, "number_input", "essentials/n_critic").set_value(None).run()
    assert not app.error
    assert widget(app, "number_input", "essentials/n_critic").value == value

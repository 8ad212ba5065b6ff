"""A config is the whole experiment: every text form gives it back, and every invalid value gives a clear error."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_core.config import SETTINGS, TrainConfig
from gan_core.config.catalog import DATASETS, LOSSES, OPTIMIZERS, PENALTIES
from gan_core.config.schema import ConfigError, Setting, as_text

many = settings(max_examples=50, deadline=None)  # a busy machine makes no example wrong

# ---- any valid config, as hypothesis draws it ------------------------------------------------------------------------

_SMALL = st.floats(-10, 10, allow_nan=False, allow_subnormal=False)
_LISTS: dict[str, st.SearchStrategy[Any]] = {
    "data.points": st.lists(st.tuples(_SMALL, _SMALL), max_size=20).map(tuple),
    "data.classes": st.lists(st.from_regex(r"\A[^/]{0,9}[^/\s][^/]{0,9}\Z"), max_size=9).map(tuple),
    "generator.hidden": st.lists(st.integers(1, 8192), max_size=8).map(tuple),
    "discriminator.hidden": st.lists(st.integers(1, 8192), max_size=8).map(tuple),
}
_TEXTS: dict[str, st.SearchStrategy[Any]] = {
    "preset": st.from_regex(r"\A[a-z0-9][a-z0-9-]{0,39}\Z"),
    "data.path": st.text(max_size=50),
}
_TIED = {  # settings whose value must fit that of another; each has a test of its own below
    "data.name", "data.size", "generator.name", "discriminator.name", "generator.depth", "discriminator.depth",
    "optimizer_g.nesterov", "optimizer_d.nesterov", "reuse_fakes", "g_steps", "local_pairs",
}  # fmt: skip


def values_of(setting: Setting) -> st.SearchStrategy[Any]:
    if setting.catalog is not None:
        return st.sampled_from(list(setting.catalog))
    if setting.options:
        return st.sampled_from(setting.options)
    if setting.kind == "true or false":
        return st.booleans()
    if setting.kind == "whole number":
        return st.integers(int(setting.bounds["ge"]), int(setting.bounds["le"]))
    if setting.kind == "number":
        low, high = (setting.bounds.get(a, setting.bounds.get(b)) for a, b in (("ge", "gt"), ("le", "lt")))
        return st.floats(
            low, high, exclude_min="gt" in setting.bounds, exclude_max="lt" in setting.bounds, allow_subnormal=False
        )
    return _LISTS[setting.key] if setting.key in _LISTS else _TEXTS[setting.key]


configs = st.fixed_dictionaries(
    {}, optional={key: values_of(setting) for key, setting in SETTINGS.items() if key not in _TIED}
).map(TrainConfig().with_values)


@many
@given(configs)
def test_json_gives_the_same_config_back(config: TrainConfig) -> None:
    assert TrainConfig.from_json(config.to_json()) == config


@many
@given(configs)
def test_a_url_gives_the_same_config_back(config: TrainConfig) -> None:
    query = config.to_query()
    assert all(isinstance(value, str) for value in query.values())
    assert TrainConfig.from_query(query) == config


@many
@given(configs)
def test_a_command_line_gives_the_same_config_back(config: TrainConfig) -> None:
    spelt = {key: as_text(value) for key, value in config.values().items()}
    assert TrainConfig().with_values(spelt) == config


@many
@given(configs, configs)
def test_the_changes_between_two_configs_lead_from_one_to_the_other(one: TrainConfig, other: TrainConfig) -> None:
    assert one.with_values(other.changes_from(one)) == other


def test_the_url_of_the_default_config_is_empty() -> None:
    assert TrainConfig().to_query() == {}


def test_settings_missing_in_json_have_their_defaults() -> None:
    assert TrainConfig.from_json('{"seed": 5}') == TrainConfig().with_values({"seed": 5})


def test_a_config_cannot_be_changed_in_place() -> None:
    config = TrainConfig()
    with pytest.raises(Exception, match="frozen"):
        config.seed = 1  # type: ignore[misc]
    with pytest.raises(Exception, match="frozen"):
        config.loss.name = "hinge"  # type: ignore[misc]
    changed = config.with_values({"seed": 1})
    assert (config.seed, changed.seed) == (0, 1)


# ---- what is wrong, in one sentence ----------------------------------------------------------------------------------

WRONG = [
    ({"optimizer_g.lr": 99}, ["optimizer_g.lr", "99", "above 0 and at most 10"]),
    ({"optimizer_g.lr": "0"}, ["optimizer_g.lr", "0", "above 0 and at most 10"]),
    ({"optimizer_d.lr": "fast"}, ["optimizer_d.lr", "fast", "a number above 0 and at most 10"]),
    ({"batch_size": 1}, ["batch_size", "1", "at least 2 and at most 8192 examples"]),
    ({"batch_size": 2.5}, ["batch_size", "2.5", "a whole number at least 2"]),
    ({"seed": -1}, ["seed", "-1", "at least 0"]),
    ({"generator.dropout": 1}, ["generator.dropout", "1", "at least 0 and below 1"]),
    ({"generator.norm": "layer"}, ["generator.norm", "layer", "one of none, batch"]),
    ({"reuse_fakes": "perhaps"}, ["reuse_fakes", "perhaps", "true or false"]),
    ({"loss.name": "hing"}, ["loss.name", "hing", "did you mean hinge?", "wasserstein"]),
    ({"data.name": "imagenet"}, ["data.name", "imagenet", "mnist-5k"]),
    ({"data.size": 4}, ["data.size", "4", "at least 8 and at most 128 pixels"]),
    ({"data.channels": 2}, ["data.channels", "2", "one of auto, 1, 3"]),
    ({"generator.hidden": "128,0"}, ["generator.hidden", "0", "whole numbers, each at least 1"]),
    ({"preset": "No Spaces"}, ["preset", "No Spaces"]),
    ({"epochs": math.nan}, ["epochs", "nan", "a number above 0"]),
    ({"epochs": "inf"}, ["epochs", "inf", "a number above 0"]),
]


@pytest.mark.parametrize(
    ("values", "parts"), WRONG, ids=lambda value: "-".join(value) if isinstance(value, dict) else ""
)
def test_a_bad_value_is_one_sentence_with_field_value_and_bounds(values: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig().with_values(values)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_json_and_url_give_the_error_messages_of_the_form() -> None:
    sentence = "optimizer_g.lr: 99 is not allowed; it must be a number above 0 and at most 10"
    with pytest.raises(ConfigError) as from_json:
        TrainConfig.from_json('{"optimizer_g": {"lr": 99}}')
    with pytest.raises(ConfigError) as from_query:
        TrainConfig.from_query({"optimizer_g.lr": "99"})
    assert str(from_json.value) == str(from_query.value) == sentence


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"generator": 5}', "generator: 5 is not allowed; it must be a JSON object of settings"),
        (
            '{"generator": {"hidden": [9, "b"]}}',
            "generator.hidden: b is not allowed; "
            "it must be a list of at most 8 whole numbers, each at least 1 and at most 8192",
        ),
        (
            '{"data": {"points": [[1]]}}',
            "data.points: [1] is not allowed; "
            "it must be a list of at most 400 pairs of numbers, each at least -10 and at most 10",
        ),
    ],
)
def test_a_malformed_value_gives_an_error_with_the_right_form(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_json(text)
    assert str(caught.value) == message


def test_an_unknown_key_is_refused_and_the_nearest_one_named() -> None:
    with pytest.raises(ConfigError, match=r'"optimiser_g.lr" is not a setting \(did you mean optimizer_g.lr\?\)'):
        TrainConfig().with_values({"optimiser_g.lr": 0.1})
    with pytest.raises(ConfigError, match=r'"optimizer_g\.rate" is not a setting'):
        TrainConfig.from_json('{"optimizer_g": {"rate": 0.1}}')


@pytest.mark.parametrize("text", ["", "lr=1", "[1, 2]", "null", "{" * 100_000, '{"seed": NaN}', '{"loss": 3}'])
def test_text_that_is_not_a_config_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_json(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@many
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=9), st.lists, max_leaves=4))
def test_a_value_of_any_type_is_accepted_or_refused_by_name(value: Any) -> None:
    for key in ("seed", "optimizer_d.lr", "data.points", "generator.hidden", "data.channels", "loss.name"):
        message = error_about(key, value)
        assert message is None or key in message


def error_about(key: str, value: Any) -> str | None:
    try:
        TrainConfig().with_values({key: value})
    except ConfigError as error:
        return str(error)
    return None


# ---- parts that do not fit together ----------------------------------------------------------------------------------

MISFITS = [
    ({"data.name": "ring8"}, "generator.name: a DCGAN does not work on points"),
    ({"data.name": "ring8", "generator.name": "mlp"}, "discriminator.name: a DCGAN does not work on points"),
    (
        {"data.size": 8, "generator.depth": 3},
        "generator.depth: 3 halvings are too many for 8 x 8 pixels; use at most 2",
    ),
    ({"discriminator.depth": 4}, "discriminator.depth: 4 halvings are too many for 28 x 28 pixels; use at most 3"),
    ({"optimizer_g.name": "sgd", "optimizer_g.nesterov": True}, "optimizer_g.nesterov: true needs a momentum above 0"),
    ({"reuse_fakes": True, "g_steps": 2}, "g_steps: 2 is too many with reuse_fakes"),
    ({"data.name": "sprites", "condition.name": "projection"}, 'condition.name: "sprites" has no classes'),
    ({"local_pairs": 3, "batch_size": 7}, "batch_size: 7 is too small for 3 local pairs"),
    ({"local_pairs": 1, "loss.name": "loss-sensitive"}, 'loss.name: "loss-sensitive" compares each real sample'),
]


@pytest.mark.parametrize(("values", "message"), MISFITS, ids=[message.split(":")[0] for _, message in MISFITS])
def test_settings_that_do_not_fit_each_other_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig().with_values(values)
    assert message in str(caught.value)


def test_a_deep_network_fits_a_large_picture() -> None:
    config = TrainConfig().with_values({"data.size": 128, "generator.depth": 6, "discriminator.depth": 6})
    assert config.shape == (1, 128, 128)


# ---- what follows from a config --------------------------------------------------------------------------------------


def test_size_and_channels_come_from_the_data_set_unless_they_are_given() -> None:
    sprites = TrainConfig().with_values({"data.name": "sprites"})
    assert sprites.shape == (3, 64, 64)
    assert sprites.with_values({"data.size": 32, "data.channels": 1}).shape == (1, 32, 32)
    assert sprites.with_values({"data.size": "auto"}).shape == (3, 64, 64)


def test_epochs_count_the_examples_that_the_discriminator_sees() -> None:
    config = TrainConfig().with_values({"epochs": 3, "batch_size": 50, "n_critic": 2})
    assert config.total_steps(5000) == 3 * 5000 / (50 * 2)
    assert config.with_values({"max_steps": 7}).total_steps(5000) == 7
    assert config.with_values({"epochs": 0.001}).total_steps(10) == 1


# ---- what a form and a help text show --------------------------------------------------------------------------------


def test_every_setting_has_a_line_of_help_and_a_default_in_its_bounds() -> None:
    for setting in SETTINGS.values():
        assert setting.help.endswith((".", "]")), setting.key
        assert len(setting.help) < 90, setting.key
        TrainConfig().with_values({setting.key: setting.default})
        if setting.kind in ("number", "whole number") and not setting.options:
            assert setting.allowed, setting.key


def test_live_settings_are_those_that_need_no_new_network_or_data() -> None:
    live = {key for key, setting in SETTINGS.items() if setting.live}
    assert {"optimizer_g.lr", "optimizer_d.lr", "optimizer_g.beta1", "n_critic", "g_steps", "loss.name"} <= live
    assert {"penalty.weight", "epochs", "max_steps", "instance_noise"} <= live
    fixed = ("data.", "latent.", "generator.", "discriminator.", "seed", "batch_size", "optimizer_g.name", "precision")
    assert not [key for key in live if key.startswith(fixed)]


def test_the_settings_of_a_file_are_those_of_the_form() -> None:
    def leaves(tree: dict[str, Any], prefix: str = "") -> set[str]:
        found: set[str] = set()
        for key, value in tree.items():
            found |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key}
        return found

    assert leaves(json.loads(TrainConfig().to_json())) == set(SETTINGS)


def test_the_catalogues_have_the_choices_of_the_specification() -> None:
    assert {"non-saturating", "saturating", "wasserstein", "least-squares", "hinge"} <= set(LOSSES)
    assert {"clip", "gradient-penalty", "r1", "r1-r2"} <= set(PENALTIES)
    optimisers = {"adam", "adamw", "rmsprop", "sgd", "adagrad", "adadelta", "adamax", "nadam", "radam"}
    assert optimisers <= set(OPTIMIZERS)
    points = {"gaussian", "ring8", "grid25", "line", "two-gaussians", "three-blobs", "spiral", "moons", "drawn"}
    images = {
        "mnist-5k",
        "faces",
        "sprites",
        "mnist",
        "fashion-mnist",
        "kmnist",
        "cifar10",
        "svhn",
        "flowers102",
        "folder",
    }
    assert {name for name, entry in DATASETS.items() if entry.kind == "points"} >= points
    assert {name for name, entry in DATASETS.items() if entry.kind == "images"} >= images

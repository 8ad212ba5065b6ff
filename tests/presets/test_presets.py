"""Presets have the numbers of their sources, and each can be built and fitted to every data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gan_core import models, presets
from gan_core.cli import preset_page
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS, UnknownNameError

ROOT = Path(__file__).parents[2]


def both(lr: float, beta1: float) -> dict[str, Any]:
    """The same Adam for G and D."""
    adam = {"name": "adam", "lr": lr, "beta1": beta1, "beta2": 0.999}
    return {f"optimizer_{role}.{key}": value for role in "gd" for key, value in adam.items()}


# What the sources say, read off their text: the settings that they fix and nothing else.
SOURCES: dict[str, dict[str, Any]] = {
    "mlp-mnist": {
        "data.name": "mnist-5k",
        "latent.dim": 64,
        "latent.distribution": "normal",
        "generator.name": "mlp",
        "generator.hidden": (128, 256, 512, 1024),
        "generator.activation": "relu",
        "generator.norm": "batch",
        "generator.norm_first": True,
        "generator.output": "sigmoid",
        "discriminator.name": "mlp",
        "discriminator.hidden": (512, 256, 128),
        "discriminator.activation": "leaky-relu",
        "discriminator.slope": 0.2,
        "discriminator.norm": "none",
        "discriminator.dropout": 0.0,
        "loss.name": "non-saturating",
        "loss.combine": "mean",
        "batch_size": 128,
        "epochs": 200,
        **both(1e-5, 0.9),
    },
    "mlp-anime": {
        "data.name": "folder",
        "latent.dim": 100,
        "generator.hidden": (128, 256, 512),
        "generator.activation": "leaky-relu",
        "generator.norm": "batch",
        "generator.norm_first": False,
        "generator.output": "tanh",
        "discriminator.hidden": (512, 256),
        "discriminator.norm": "none",
        "loss.name": "non-saturating",
        "loss.combine": "sum",
        "n_critic": 1,
        "batch_size": 64,
        "epochs": 20,
        **both(2e-4, 0.9),
    },
    "gaussian-2d": {
        "data.name": "gaussian",
        "data.count": 1000,
        "latent.dim": 2,
        "generator.hidden": (),
        "generator.output": "linear",
        "generator.init": "normal",
        "generator.init_std": 0.02,
        "discriminator.hidden": (5, 3),
        "discriminator.activation": "tanh",
        "discriminator.norm": "none",
        "discriminator.init": "normal",
        "discriminator.init_std": 0.02,
        "loss.combine": "mean",
        "batch_size": 8,
        "epochs": 20,
        **both(0.005, 0.9),
        "optimizer_d.lr": 0.05,
    },
    "dcgan-sprites": {
        "data.name": "sprites",
        "latent.dim": 100,
        "generator.name": "dcgan",
        "generator.width": 64,
        "generator.depth": 4,
        "generator.bias": "never",
        "generator.output": "tanh",
        "generator.init_std": 0.02,
        "discriminator.width": 64,
        "discriminator.depth": 4,
        "discriminator.slope": 0.2,
        "discriminator.norm": "batch",
        "discriminator.norm_first": True,
        "discriminator.bias": "never",
        "loss.combine": "mean",
        "batch_size": 256,
        "epochs": 20,
        **both(0.005, 0.5),
    },
    "mlp-mnist-dropout": {
        "data.name": "mnist-5k",
        "latent.dim": 100,
        "generator.hidden": (256, 512, 1024),
        "generator.activation": "relu",
        "generator.norm": "none",
        "generator.output": "tanh",
        "discriminator.hidden": (512, 128, 64),
        "discriminator.slope": 0.2,
        "discriminator.dropout": 0.3,
        "loss.combine": "sum",
        "reuse_fakes": True,
        "record.samples": 16,
        "batch_size": 100,
        "epochs": 100,
        **both(1e-3, 0.5),
    },
    "mlp-fashion-mnist": {"data.name": "fashion-mnist", "latent.dim": 100, "epochs": 200, "generator.name": "mlp"},
    "dcgan-mnist": {"data.name": "mnist-5k", "epochs": 100, "discriminator.norm_first": False, **both(2e-4, 0.5)},
    "dcgan-cifar10": {
        "data.name": "cifar10",
        "data.size": 32,
        "latent.dim": 100,
        "latent.distribution": "normal",
        "generator.name": "dcgan",
        "generator.width": 64,
        "generator.depth": 3,
        "generator.norm_first": False,
        "generator.bias": "always",
        "generator.output": "tanh",
        "generator.init_std": 0.02,
        "discriminator.name": "upsampling",
        "discriminator.width": 64,
        "discriminator.slope": 0.2,
        "discriminator.norm_first": False,
        "discriminator.bias": "always",
        "loss.combine": "sum",
        "reuse_fakes": True,
        "record.samples": 16,
        "batch_size": 100,
        **both(1e-3, 0.5),
    },
    "dcgan-cifar10-100ep": {"data.name": "cifar10", "epochs": 100, "generator.output": "tanh", **both(2e-4, 0.5)},
    "dcgan-flowers": {"data.name": "flowers102", "epochs": 100, "generator.norm": "batch", **both(2e-4, 0.5)},
    "dcgan-mnist-deep": {"data.name": "mnist-5k", "generator.width": 512, "generator.depth": 2, **both(2e-4, 0.5)},
    "wgan-mnist": {
        "data.name": "mnist-5k",
        "loss.name": "wasserstein",
        "penalty.name": "clip",
        "penalty.clip": 0.01,
        "optimizer_g.name": "rmsprop",
        "optimizer_d.name": "rmsprop",
        "optimizer_g.lr": 5e-5,
        "optimizer_d.lr": 5e-5,
        "n_critic": 5,
        "batch_size": 64,
    },
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_preset_has_its_sources_numbers(name: str) -> None:
    config = presets.load(name)
    assert {key: config.value(key) for key in SOURCES[name]} == SOURCES[name]


def test_no_preset_of_a_source_adds_a_method_that_the_source_lacks() -> None:
    plain = TrainConfig()
    cures = ("ema_decay", "instance_noise", "loss.label_smoothing", "lr_decay", "precision", "g_steps")
    for name in SOURCES:
        config = presets.load(name)
        assert all(config.value(key) == plain.value(key) for key in cures), name
        assert config.penalty.name == ("clip" if name == "wgan-mnist" else "none"), name


# Numbers of parameters, layer by layer as the sources' text lists them.
PARAMETERS = {
    "mlp-mnist": (
        [64 * 128 + 3 * 128, 128 * 256 + 3 * 256, 256 * 512 + 3 * 512, 512 * 1024 + 3 * 1024, 1024 * 784 + 784],
        [784 * 512 + 512, 512 * 256 + 256, 256 * 128 + 128, 128 + 1],
    ),
    "mlp-anime": (
        [100 * 128 + 128, 128 * 256 + 3 * 256, 256 * 512 + 3 * 512, 512 * 30000 + 30000],
        [30000 * 512 + 512, 512 * 256 + 256, 256 + 1],
    ),
    "gaussian-2d": ([2 * 2 + 2], [2 * 5 + 5, 5 * 3 + 3, 3 + 1]),
    "dcgan-sprites": (
        [16 * 100 * 512 + 1024, 16 * 512 * 256 + 512, 16 * 256 * 128 + 256, 16 * 128 * 64 + 128, 16 * 64 * 3],
        [16 * 3 * 64 + 128, 16 * 64 * 128 + 256, 16 * 128 * 256 + 512, 16 * 256 * 512 + 1024, 16 * 512],
    ),
    "mlp-mnist-dropout": (
        [100 * 256 + 256, 256 * 512 + 512, 512 * 1024 + 1024, 1024 * 784 + 784],
        [784 * 512 + 512, 512 * 128 + 128, 128 * 64 + 64, 64 + 1],
    ),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_presets_networks_have_exactly_the_sources_parameters(name: str) -> None:
    networks = models.build(presets.load(name))
    assert tuple(map(models.count_parameters, networks)) == tuple(map(sum, PARAMETERS[name]))


def test_the_gaussian_trains_for_the_sources_number_of_steps() -> None:
    assert presets.load("gaussian-2d").total_steps(1000) == 20 * 125
    assert presets.load("mlp-mnist").total_steps(60_000) == 93_750  # the source: 469 batches an epoch, the last short


# ---- every preset ----------------------------------------------------------------------------------------------------


def test_the_first_preset_is_the_one_to_start_with_and_needs_no_network() -> None:
    assert presets.names()[0] == "mnist-quick"
    assert presets.load("mnist-quick").dataset.needs == "nothing"


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_says_what_it_is_in_full_sentences(name: str) -> None:
    preset = presets.get(name)
    assert preset.config.preset == preset.id == name
    assert preset.title
    assert preset.group
    assert preset.minutes > 0
    for text in (preset.source, preset.look_for):
        assert text.endswith("."), text
    for text in (preset.reported, preset.choices):
        assert text == "" or text.endswith("."), text


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_that_takes_hours_has_a_short_version(name: str) -> None:
    if presets.get(name).minutes > 60:
        sibling = f"{name.removesuffix('-100ep')}-quick"
        assert presets.get(sibling).minutes <= 10
        assert presets.load(sibling).data.name == presets.load(name).data.name


def test_an_unknown_preset_is_refused_and_the_nearest_one_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean mnist-quick"):
        presets.load("mnist-quik")


def test_the_page_of_presets_is_up_to_date() -> None:
    """`python -m gan_core presets --markdown > docs/presets.md` brings it up to date."""
    assert (ROOT / "docs" / "presets.md").read_text(encoding="utf-8") == preset_page.as_markdown()


# ---- the same experiment on other data -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_fits_every_data_set(name: str) -> None:
    config = presets.load(name)
    for dataset in DATASETS:
        fitted = presets.fit_to(config, dataset)
        assert fitted.data.name == dataset
        for kept in ("seed", "loss", "penalty", "optimizer_g", "optimizer_d", "batch_size", "n_critic", "reuse_fakes"):
            assert getattr(fitted, kept) == getattr(config, kept)


def test_fitting_to_the_same_data_changes_nothing() -> None:
    config = presets.load("mlp-anime").with_values({"data.path": "/faces", "data.size": 48})
    assert presets.fit_to(config, "folder") == config


def test_a_dcgan_gets_one_more_stage_for_each_doubling_of_the_image() -> None:
    digits = presets.load("dcgan-mnist")  # 28 pixels, 2 stages
    assert presets.fit_to(digits, "cifar10").generator.depth == 3  # 32 = 4 x 2 x 2 x 2
    assert presets.fit_to(digits, "sprites").discriminator.depth == 4  # 64
    assert presets.fit_to(presets.load("dcgan-sprites"), "mnist-5k").generator.depth == 2
    there_and_back = presets.fit_to(presets.fit_to(digits, "sprites"), "mnist-5k")
    assert there_and_back == digits


def test_data_without_classes_drop_the_condition_and_data_with_classes_keep_it() -> None:
    digits = presets.load("mnist-quick").with_values({"condition.name": "projection"})
    assert presets.fit_to(digits, "fashion-mnist").condition.name == "projection"
    for unlabelled in ("sprites", "folder", "ring8"):
        assert presets.fit_to(digits, unlabelled).condition.name == "none"


def test_points_get_networks_that_can_reach_all_of_the_plane() -> None:
    for name in ("mnist-quick", "mlp-mnist"):
        fitted = presets.fit_to(presets.load(name), "ring8")
        assert (fitted.generator.name, fitted.generator.output, fitted.latent.dim) == ("mlp", "linear", 2)


def test_images_get_a_range_of_pixels_when_the_preset_was_for_points() -> None:
    fitted = presets.fit_to(presets.load("ring8"), "sprites")
    assert (fitted.generator.name, fitted.generator.output, fitted.generator.depth) == ("dcgan", "tanh", 4)

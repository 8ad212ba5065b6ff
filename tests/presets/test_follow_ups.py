"""One rule for the settings that change along with another one, in the engine, on the command line and in forks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gan_core import presets
from gan_core.cli.arguments import config_of
from gan_core.config import ConfigError, TrainConfig
from gan_core.config.catalog import OPTIMIZERS
from gan_core.presets.follow_ups import apply_changes
from gan_core.runs import RunStore

QUICK = presets.load("mnist-quick")
SPRITES = presets.load("dcgan-sprites")  # batch normalisation and no biases in both networks


@pytest.mark.parametrize(
    ("preset", "changes", "expected"),
    [
        ("mnist-quick", {"optimizer_g.name": "sgd"}, {"optimizer_g.lr": 0.02}),
        (
            "mnist-quick",
            {"optimizer_g.name": "sgd", "optimizer_d.name": "rmsprop"},
            {"optimizer_g.lr": 0.02, "optimizer_d.lr": 5e-5},
        ),
        ("mnist-quick", {"optimizer_g.name": "sgd", "optimizer_g.lr": "0.5"}, {}),
        ("mnist-quick", {"optimizer_g.name": "adadelta"}, {}),  # the optimiser that it has
        ("sngan-mnist", {"discriminator.name": "resnet"}, {}),
        ("mnist-quick", {"generator.name": "style"}, {}),  # it had no spectral normalisation
        ("dcgan-sprites", {"discriminator.norm": "none"}, {"discriminator.bias": "auto"}),
        ("dcgan-sprites", {"generator.norm": "none"}, {"generator.bias": "auto"}),
        ("dcgan-sprites", {"discriminator.norm": "none", "discriminator.bias": "never"}, {}),
        ("mnist-quick", {"discriminator.norm": "none"}, {}),
        ("mnist-quick", {"seed": 3, "loss.name": "hinge"}, {}),
        ("mlp-anime", {"data.path": "pictures"}, {}),
    ],
)
def test_a_change_brings_its_follow_ups(preset: str, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    before = presets.load(preset)
    after, follow_ups = apply_changes(before, changes)
    assert follow_ups == expected
    assert after == before.with_values({**changes, **expected})


def test_own_pictures_bring_augmentation_and_a_length_in_steps() -> None:
    """In epochs, the default of 20, a run on 60 pictures would end after 19 steps."""
    config, follow_ups = apply_changes(TrainConfig(), {"data.name": "folder", "data.path": "photographs"})
    assert config.total_steps(60) == config.max_steps == follow_ups["max_steps"] >= 1000
    assert config.augment.adaptive == follow_ups["augment.adaptive"] == 0.6
    chosen = {"data.name": "folder", "max_steps": 50, "augment.adaptive": 0}
    assert apply_changes(TrainConfig(), chosen)[0].with_values(chosen) == apply_changes(TrainConfig(), chosen)[0]
    diffaugment, _ = apply_changes(presets.load("diffaugment-mnist"), {"data.name": "folder"})
    assert (diffaugment.max_steps, diffaugment.augment.adaptive) == (3000, 0)


def test_a_family_without_spectral_normalisation_turns_it_off() -> None:
    spectral = QUICK.with_values({"generator.spectral": True})
    assert apply_changes(spectral, {"generator.name": "style"})[1] == {"generator.spectral": False}


def test_another_data_set_fits_the_networks_and_given_values_take_precedence() -> None:
    config, follow_ups = apply_changes(QUICK, {"data.name": "ring8", "latent.dim": "5"})
    assert config == presets.fit_to(QUICK, "ring8").with_values({"latent.dim": 5})
    assert follow_ups == {
        key: value for key, value in config.changes_from(QUICK).items() if key not in ("data.name", "latent.dim")
    }


@pytest.mark.parametrize("size", ["16", 16])
def test_networks_are_fitted_to_the_size_that_is_given_with_the_data_set(size: object) -> None:
    config, _ = apply_changes(QUICK, {"data.name": "sprites", "data.size": size})
    assert (config.shape, config.generator.depth) == ((3, 16, 16), 2)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"optimizer_g.name": "adm"}, "did you mean adam"),
        ({"data.name": "imagenet"}, "imagenet"),
        ({"generator.name": "vae"}, "vae"),
        ({"nothing": 1}, "is not a setting"),
        ({"data.name": "ring8", "generator.name": "dcgan"}, "does not work on points"),
        ({"data.name": "sprites", "data.size": "huge"}, "data.size"),
    ],
)
def test_a_bad_change_is_a_config_error(changes: dict[str, Any], error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        apply_changes(QUICK, changes)


def test_the_command_line_applies_the_follow_ups_and_reports_them(capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of("mnist-quick", ["optimizer_g.name=sgd", "seed=3"])
    assert config == QUICK.with_values({"optimizer_g.name": "sgd", "optimizer_g.lr": OPTIMIZERS["sgd"].lr, "seed": 3})
    assert capsys.readouterr() == ("", "note: --set also changes optimizer_g.lr 1 → 0.02\n")
    assert config_of("mnist-quick", ["optimizer_g.name=sgd", "optimizer_g.lr=1"]).optimizer_g.lr == 1
    assert capsys.readouterr() == ("", "")


def test_a_fork_applies_the_follow_ups(tmp_path: Path) -> None:
    """A fork refuses every change that has follow-ups, because the weights would not fit; the error names both."""
    store = RunStore(tmp_path)
    run = store.create(SPRITES)
    with pytest.raises(ConfigError, match=r"discriminator\.norm, discriminator\.bias: D's weights"):
        store.fork(run.id, values={"discriminator.norm": "none"})

"""The shipped runs match their recipes, are small, and their models pass quality checks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_core import latent
from gan_core.cli import main
from gan_core.data import load
from gan_core.metrics.feature_classifier import classifier_for
from gan_core.metrics.point_quality import PointEvaluator
from gan_core.runs import RunStore, direction_names, pretrained
from gan_core.runs.pretrained import Recipe, recipes
from gan_core.runs.shipped import SHIPPED
from tests.support.saved_run import saved_run
from tests.support.small import DIGITS, few_faces

every_run = pytest.mark.parametrize("name", sorted(recipes()))


def test_all_shipped_runs_together_are_under_16_megabytes() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.root.rglob("*") if file.is_file()) < 16e6
    assert {summary.id for summary in SHIPPED.list()} == set(recipes())


@every_run
def test_a_shipped_run_matches_its_recipe(name: str) -> None:
    run, recipe = SHIPPED.open(name), recipes()[name]
    assert run.config == recipe.config
    assert tuple(run.checkpoints()) == recipe.checkpoints
    assert run.name == recipe.title
    assert run.frames()[-1] == recipe.steps
    assert run.metrics()[-1][0] == recipe.steps
    assert run.evaluations()[-1].step == recipe.steps
    assert not list(run.path.rglob("state.*"))  # needed only for training


@every_run
def test_every_checkpoint_of_a_shipped_run_gives_finite_samples_and_scores(name: str) -> None:
    run = SHIPPED.open(name)
    for step in run.checkpoints():
        model = run.model(step)
        z = latent.draw(model, 8, seed=0)
        assert np.isfinite(model.decode(z).numpy()).all()
        assert np.isfinite(model.scores(model.decode(z))).all()


def test_the_shipped_ring_covers_all_eight_modes() -> None:
    model = SHIPPED.open("ring8").model()
    fit = PointEvaluator(model.config).fit(model.decode(latent.draw(model, 4000, seed=1)))
    assert (fit.covered, fit.modes) == (8, 8)


def test_the_shipped_conditional_model_generates_the_given_digits() -> None:
    model = SHIPPED.open("digits-conditional").model()
    z, y = latent.draw(model, 200, seed=1), torch.arange(200) % 10
    read = classifier_for(load(model.config)).classify(model.decode(z, y)).probabilities.argmax(1)
    assert float((read == y).float().mean()) > 0.9


def test_the_slider_of_hair_changes_the_hair_for_a_classifier_that_took_no_part() -> None:
    """Another network than the one that found the direction, trained on fewer pictures."""
    with few_faces(2000):
        dataset = load(SHIPPED.open("faces").config.with_values({"data.labels": "hair"}))
    assert dataset.labels is not None
    images = F.avg_pool2d(dataset.examples.float() / 255, 2)
    rng = torch.Generator().manual_seed(5)
    with torch.random.fork_rng():
        torch.random.manual_seed(5)
        network = nn.Sequential(
            *(nn.Conv2d(3, 16, 5, 2, 2), nn.ReLU(), nn.Conv2d(16, 32, 5, 2, 2), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(32 * 8 * 8, len(dataset.classes))),
        )
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(500):
        rows = torch.randint(1600, (64,), generator=rng)
        optimizer.zero_grad()
        F.cross_entropy(network(images[rows]), dataset.labels[rows]).backward()
        optimizer.step()

    def read(samples: Tensor) -> Tensor:
        return network(F.avg_pool2d(samples, 2)).argmax(1)

    assert float((read(dataset.examples[1600:].float() / 255) == dataset.labels[1600:]).float().mean()) > 0.9
    run = SHIPPED.open("faces")
    model = run.model()
    vectors = latent.directions(model, "attributes").vectors
    hair = vectors[direction_names.names_of([run.path], "attributes", vectors).index("hair colour")]
    z = latent.draw(model, 200, seed=2)
    low, high = (read(model.decode(z + way * hair)) for way in (-3, 3))
    assert float((low != high).float().mean()) > 0.7


def test_the_directions_of_a_shipped_run_can_be_measured_again_without_training(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    copy = tmp_path / "digits-conditional"
    shutil.copytree(SHIPPED.root / copy.name, copy)
    measured = (copy / direction_names.FILE).read_text()
    (copy / direction_names.FILE).unlink()
    assert main(["pretrain", copy.name, "--runs", str(tmp_path), "--directions-only"]) == 0
    assert "slant: differs between the ends of its slider in 9" in capsys.readouterr().out
    again, before = (json.loads(text) for text in ((copy / direction_names.FILE).read_text(), measured))
    assert [entry["name"] for entry in again] == ["slant", "stroke weight", "width"]
    assert np.allclose([entry["vector"] for entry in again], [entry["vector"] for entry in before], atol=1e-3)
    assert main(["pretrain", "digits", "--runs", str(tmp_path), "--directions-only"]) == 1, "there is no such run"


def test_one_command_trains_a_recipe_and_keeps_only_its_weights(tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    config = DIGITS.with_values({"ema_decay": 0.9, "record.save_every": 1, "record.keep": 100, "max_steps": 30})
    monkeypatch.setattr(pretrained, "recipes", lambda: {"tiny": Recipe("Tiny", config, (5, 10))})
    assert main(["pretrain", "tiny", "--runs", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip().splitlines()[-1] == str(tmp_path / "tiny")
    run = RunStore(tmp_path).open("tiny")
    assert (run.checkpoints(), run.frames(), run.name, run.metrics()[-1][0]) == ([5, 10], [0, 5, 10], "Tiny", 10)
    assert {file.name for file in (run.path / "step-0000010").iterdir()} == {
        "generator.safetensors",
        "discriminator.safetensors",
        "ema.safetensors",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_half_precision_changes_pictures_by_less_than_one_level(tmp_path: Path) -> None:
    run, _ = saved_run(RunStore(tmp_path), DIGITS, save_at=(5,))
    recipe = Recipe("Tiny", DIGITS, (5,))
    whole, packed = run.model(), pretrained.ship(run, recipe, tmp_path / "packed").model()
    z = latent.draw(whole, 8, seed=0)
    assert (whole.decode(z) - packed.decode(z)).abs().max() < 1 / 255
    assert np.allclose(whole.scores(whole.decode(z)), packed.scores(whole.decode(z)), atol=0.02)


def test_an_unknown_recipe_is_an_error_that_lists_the_known_ones(capsys) -> None:  # type: ignore[no-untyped-def]
    assert main(["pretrain", "flowers"]) == 2
    assert "choose from digits, digits-conditional, faces, sprites, ring8" in capsys.readouterr().err


def test_a_recipe_needs_every_checkpoint_that_it_keeps(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(DIGITS)
    with pytest.raises(OSError, match="step-0000005"):
        pretrained.ship(run, Recipe("Tiny", DIGITS, (5,)), tmp_path / "packed")
    assert not (tmp_path / "packed").exists()

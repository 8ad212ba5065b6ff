"""The folders of the user's pictures are the classes of a conditional run, from its start to its last sample."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_core import data, metrics
from gan_core.cli import main
from gan_core.config import ConfigError, TrainConfig
from gan_core.data import DataError
from gan_core.models import build
from gan_core.presets.follow_ups import apply_changes
from gan_core.runs import Run, RunStore, pack, unpack
from gan_core.session import Session
from gan_core.training.trainer import Trainer
from tests.session.test_session import finished
from tests.support.small import DIGITS

CONFIG = DIGITS.with_values(
    {
        "data.name": "folder",
        "data.size": 8,
        "data.channels": 1,
        "data.count": 0,
        "generator.depth": 1,
        "discriminator.depth": 1,
        "batch_size": 4,
        "max_steps": 100,
        "condition.name": "projection",
        "record.evaluate_every": 0,
    }
)


def add(folder: Path, n: int, seed: int) -> None:
    """Add pictures of noise to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        pixels = np.random.default_rng([seed, i]).integers(0, 256, (20, 20)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i:02}.png")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Eight pictures of cats and six of dogs."""
    add(tmp_path / "pets" / "cat", 8, 1)
    add(tmp_path / "pets" / "dog", 6, 2)
    return tmp_path / "pets"


@pytest.fixture
def config(pets: Path) -> TrainConfig:
    return CONFIG.with_values({"data.path": str(pets)})


@pytest.fixture
def run(config: TrainConfig, tmp_path: Path) -> Run:
    """A run of three steps."""
    store = RunStore(tmp_path / "runs")
    now = finished(config, store=store, max_steps=3)
    assert now.error == ""
    return store.open(now.run_id)


@pytest.mark.parametrize("condition", ["projection", "embedding"])
def test_a_trainer_takes_the_classes_from_the_folders(condition: str, config: TrainConfig) -> None:
    trainer = Trainer(config.with_values({"condition.name": condition}), "cpu")
    trainer.step()
    assert trainer.config.classes == ("cat", "dog")
    assert trainer.generate(4, label=1).shape == (4, 1, 8, 8)


def test_a_run_on_class_folders_keeps_the_classes(run: Run) -> None:
    assert run.config.classes == ("cat", "dog")
    assert TrainConfig.from_query(run.config.to_query()) == run.config
    assert TrainConfig.from_json(run.config.to_json()) == run.config


def test_the_session_shows_a_column_for_each_class(config: TrainConfig) -> None:
    now = finished(config, max_steps=2)
    assert now.config.classes == ("cat", "dog")
    assert set(now.sample_view.real_classes.tolist()) == {0, 1}


def test_a_run_resumes_with_its_classes_and_refuses_others(run: Run, pets: Path) -> None:
    assert finished(run.config, run=run, max_steps=1).error == ""
    (pets / "dog").rename(pets / "puppy")
    assert "have changed" in finished(run.config, run=run, max_steps=1).error


def test_sampling_and_exports_read_no_data(run: Run, pets: Path, tmp_path: Path) -> None:
    shutil.rmtree(pets)
    data.forget()
    model = run.model()
    assert model.classes == ("cat", "dog")
    assert main(["sample", str(run.path), "-n", "4", "--class", "dog", "-o", str(tmp_path / "dogs.png")]) == 0
    assert main(["export", str(run.path), "--as", "onnx", "-o", str(tmp_path / "g.onnx")]) == 0
    assert (tmp_path / "g.onnx").stat().st_size > 100


def test_an_exported_run_takes_its_classes_along(run: Run, pets: Path, tmp_path: Path) -> None:
    shutil.rmtree(pets)
    imported = unpack(pack(run), RunStore(tmp_path / "others"))
    assert imported.config.classes == ("cat", "dog")
    assert imported.model().classes == ("cat", "dog")


def test_a_new_session_reads_the_folders_again(config: TrainConfig, pets: Path) -> None:
    stale = data.with_classes(config)
    assert stale.classes == ("cat", "dog")
    add(pets / "bird", 4, 3)
    assert finished(stale, max_steps=1).config.classes == ("bird", "cat", "dog")


def test_another_path_forgets_the_classes(config: TrainConfig, tmp_path: Path) -> None:
    changed, follow_ups = apply_changes(data.with_classes(config), {"data.path": str(tmp_path)})
    assert changed.classes == ()
    assert follow_ups == {"data.classes": ()}


def test_pictures_without_classes_are_refused_with_a_way_out(tmp_path: Path) -> None:
    add(tmp_path / "faces", 8, 1)
    config = CONFIG.with_values({"data.path": str(tmp_path / "faces")})
    with pytest.raises(DataError, match="have no classes: put the pictures of each class into a folder"):
        data.load(config)
    now = finished(config, max_steps=1)
    assert now.status == "failed"
    assert "have no classes" in now.error
    with pytest.raises(ConfigError, match="the classes are known as soon as"):
        build(config)


def test_quality_is_told_for_each_class(config: TrainConfig, pets: Path) -> None:
    add(pets / "cat", 40, 1)
    add(pets / "dog", 30, 2)
    dataset = data.load(config)
    quality = metrics.evaluate(dataset.examples[:12], dataset)
    assert len(quality.class_counts) == 2


def test_a_missing_folder_fails_with_its_own_reason(config: TrainConfig, pets: Path) -> None:
    shutil.rmtree(pets)
    assert "There is no folder or file" in finished(config, max_steps=1).error
    assert Session(config).requested_config.classes == ()

"""Every preset trains 200 steps with finite numbers, on its own data, read by its own loader.

Networks for images are narrowed to 8 channels and layers of 64 units, and batches to 16: the true widths take hours.
Points train as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import data, presets
from gan_core.config import TrainConfig
from gan_core.training.trainer import Trainer
from tests.data.test_vision import NOWHERE, site_of
from tests.support.small import few_faces

STEPS = 200


def narrow(config: TrainConfig) -> TrainConfig:
    """The same experiment, small enough for a test."""
    if config.dataset.kind == "points":
        return config
    values = {"batch_size": 16, "data.count": min(config.data.count or 400, 400), "n_critic": min(config.n_critic, 2)}
    for key in ("generator.width", "discriminator.width"):
        values[key] = min(config.value(key), 8)
    for key in ("generator.hidden", "discriminator.hidden"):
        values[key] = tuple(min(units, 64) for units in config.value(key))
    return config.with_values(values)


def trainer_of(config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """A trainer on the preset's data; data that need a download are replaced by small files of the same format."""
    if config.dataset.needs == "network":
        monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path))
        data.forget()
        site_of(config.data.name, NOWHERE, monkeypatch).put_into(tmp_path)
    elif config.dataset.needs == "files":
        pixels = np.random.default_rng(0).integers(0, 256, (20, 60, 50, 3), dtype=np.uint8)
        for i, picture in enumerate(pixels):
            Image.fromarray(picture).save(tmp_path / f"{i}.png")
        config = config.with_values({"data.path": str(tmp_path)})
    return Trainer(config, "cpu")


@pytest.fixture(autouse=True)
def _few_faces() -> Iterator[None]:
    with few_faces(400):
        yield


@pytest.mark.parametrize("name", presets.names())
def test_a_preset_trains_with_finite_numbers(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_of(narrow(presets.load(name)), tmp_path, monkeypatch)
    figures = torch.stack([trainer.step().values for _ in range(STEPS)])
    assert figures.isfinite().all()
    samples = trainer.generate(4)
    assert samples.shape == (4, *trainer.config.shape)
    assert samples.isfinite().all()
    if trainer.config.dataset.needs == "network":
        data.forget()  # the small files stand for the true ones in this test alone

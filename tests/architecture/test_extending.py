"""Every example of docs/extending.md runs as written."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gan_core import losses, presets
from gan_core.config import ConfigError, TrainConfig, catalog
from gan_core.metrics import bootstrap
from gan_core.metrics.registry import METRICS
from gan_core.system.random_streams import stream
from gan_core.training.memory_estimate import estimate_memory
from gan_core.training.trainer import Trainer
from tests.support.small import POINTS

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n", 1)[0]: part for part in PAGE.split("\n## ")[1:]}
CATALOGUES = [value for value in vars(catalog).values() if isinstance(value, catalog.Catalog)]


def blocks(text: str) -> list[str]:
    return re.findall(r"^```(?:python|json)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def follow(section: str) -> None:
    """Write the files of a section, then run its other code."""
    for block in blocks(SECTIONS[section]):
        named = re.match(r"# (my_gan/\w+\.py)\n", block)
        if named:
            Path(named[1]).write_text(block, encoding="utf-8")
        elif block.startswith("{"):
            Path("my_gan/presets.json").write_text(block, encoding="utf-8")
        else:
            exec(compile(block, "docs/extending.md", "exec"), {})


@pytest.fixture(autouse=True)
def empty_folder_and_clean_registries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder `my_gan`. Afterwards the registries are as before."""
    (tmp_path / "my_gan").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    registries = [*(catalog.entries for catalog in CATALOGUES), METRICS]
    before = [dict(registry) for registry in registries]
    yield
    for registry, entries in zip(registries, before, strict=True):
        registry.clear()
        registry.update(entries)
    presets._presets.cache_clear()
    presets._raw.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "my_gan"]:
        del sys.modules[name]


def trains(config: TrainConfig) -> Trainer:
    trainer = Trainer(config, "cpu")
    trainer.step()
    assert trainer.step().values.isfinite().all()
    assert TrainConfig.from_query(config.to_query()) == config
    assert estimate_memory(config) > 0
    return trainer


def test_every_example_is_under_thirty_lines() -> None:
    assert list(SECTIONS) == ["A loss", "A network family", "A data set", "An optimiser", "A metric", "A preset"]
    for name, section in SECTIONS.items():
        assert len(blocks(section)) == (1 if name == "An optimiser" else 2)
        assert all(block.count("\n") < 30 for block in blocks(section))


def test_a_loss_added_by_the_page_trains_and_rests_where_it_says() -> None:
    follow("A loss")
    assert losses.get("bits").equilibrium == (2, 1)
    trainer = trains(POINTS.with_values({"loss.name": "bits"}))
    logits = trainer.discriminator(trainer.batches.next()[0])
    ours, theirs = (losses.get(name).discriminator(logits, logits) for name in ("bits", "non-saturating"))
    assert ours.item() * 0.693147 == pytest.approx(theirs.item(), rel=1e-5)


@pytest.mark.parametrize("values", [{}, {"discriminator.spectral": True, "discriminator.head": "gaussian-mixture"}])
def test_a_family_added_by_the_page_trains_with_all_that_goes_around_it(values: dict[str, object]) -> None:
    follow("A network family")
    trains(POINTS.with_values({"generator.name": "fourier", "discriminator.name": "fourier", **values}))
    with pytest.raises(ConfigError, match="a Fourier does not work on images"):
        TrainConfig().with_values({"generator.name": "fourier"})


def test_a_data_set_added_by_the_page_trains_by_class() -> None:
    follow("A data set")
    trainer = trains(TrainConfig().with_values({"data.name": "bars", "condition.name": "embedding", "batch_size": 8}))
    assert trainer.generate(3).shape == (3, 1, 16, 16)
    assert len(trainer.dataset) == 32


def test_an_optimiser_added_by_the_page_trains() -> None:
    follow("An optimiser")
    trains(POINTS.with_values({"optimizer_g.name": "asgd", "optimizer_g.lr": 0.01}))


def test_a_metric_added_by_the_page_has_an_interval_around_1_for_real_features() -> None:
    follow("A metric")
    assert METRICS["relative_variance"].better == "near 1"
    function = importlib.import_module("my_gan.spread").relative_variance
    real, fake = torch.randn(2, 500, 8, generator=stream(0, "features"))
    value, (low, high) = bootstrap.estimate(function(real, fake, bootstrap.weights(500, stream(0, "weights"))))
    assert low < value < high
    assert value == pytest.approx(1, abs=0.1)


def test_a_preset_added_by_the_page_is_offered_and_trains() -> None:
    for section in ("A loss", "A data set", "A preset"):
        follow(section)
    assert presets.names()[-1] == "bars-by-class"
    assert presets.get("bars-by-class").group == "My own"
    trains(presets.load("bars-by-class"))
    with pytest.raises(ValueError, match='"bars-by-class" already exists'):
        presets.read("my_gan/presets.json")


def test_a_file_with_a_bad_preset_offers_none_of_it() -> None:
    bad = blocks(SECTIONS["A preset"])[0].replace("bars-by-class", "other")
    Path("bad.json").write_text(bad, encoding="utf-8")  # without the loss and the data of this page
    before = presets.names()
    with pytest.raises(ConfigError):
        presets.read("bad.json")
    assert presets.names() == before

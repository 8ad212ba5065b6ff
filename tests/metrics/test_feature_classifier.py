"""The classifier that extracts the features of a data set."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from gan_core.config import TrainConfig
from gan_core.data import Dataset, load
from gan_core.metrics import evaluate, feature_classifier
from gan_core.system.random_streams import stream


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load(TrainConfig())


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path))
    monkeypatch.setattr(feature_classifier, "_STEPS", 40)
    return tmp_path


@pytest.fixture
def stripes() -> Dataset:
    """A data set without a shipped classifier: noisy coloured stripes in two directions."""
    rng = stream(0, "stripes")
    labels = torch.randint(2, (200,), generator=rng)
    across = (torch.arange(16) % 4 < 2).float().expand(3, 16, 16)
    images = torch.where(labels[:, None, None, None] == 0, across, across.mT)
    noise = 0.2 * torch.rand(200, 3, 16, 16, generator=rng)
    return Dataset(((0.8 * images + noise) * 255).byte(), labels, ("across", "along"), "")


def test_the_shipped_classifier_recognises_held_out_digits(digits: Dataset) -> None:
    classifier = feature_classifier.classifier_for(digits)
    held_out = classifier.info.held_out
    assert digits.labels is not None
    assert classifier.accuracy(digits.examples[:held_out], digits.labels[:held_out]) == pytest.approx(
        classifier.info.accuracy
    )
    assert classifier.info.accuracy > 0.98


def test_the_shipped_weights_are_small() -> None:
    assert sum(file.stat().st_size for file in feature_classifier.SHIPPED.iterdir()) < 1_000_000


def test_resized_digits_use_the_same_classifier() -> None:
    resized = load(TrainConfig().with_values({"data.size": 32, "data.channels": 3, "data.count": 300}))
    assert feature_classifier.classifier_for(resized).info.name == "mnist-5k"


def test_a_classifier_for_new_data_is_trained_once(stripes: Dataset, own_folder: Path) -> None:
    reported: list[float] = []
    first = feature_classifier.classifier_for(stripes, lambda fraction, text: reported.append(fraction))
    assert first.info.accuracy > 0.95
    assert reported == sorted(reported)
    assert len(reported) == 40

    again = feature_classifier.classifier_for(stripes, lambda fraction, text: pytest.fail("trained a second time"))
    assert again.info == first.info
    assert torch.equal(again.classify(stripes.examples).features, first.classify(stripes.examples).features)


def test_training_a_classifier_is_repeatable_and_does_not_use_the_global_rng(
    stripes: Dataset, own_folder: Path
) -> None:
    before = torch.get_rng_state()
    first, second = (feature_classifier.train(stripes, "stripes").network.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_damaged_classifier_is_trained_again(stripes: Dataset, own_folder: Path) -> None:
    first = feature_classifier.classifier_for(stripes)
    (file,) = own_folder.glob("classifiers/*.safetensors")
    file.write_bytes(file.read_bytes()[:1000])
    assert feature_classifier.classifier_for(stripes).info == first.info


def test_data_without_labels_need_no_classifier(stripes: Dataset, own_folder: Path) -> None:
    unlabelled = dataclasses.replace(stripes, labels=None, classes=())
    quality = evaluate(stripes.examples[:100], unlabelled)
    assert "untrained network" in quality.extractor
    assert (quality.class_counts, quality.class_divergence, quality.missing) == ((), None, ())
    assert quality.frechet < evaluate(255 - stripes.examples[:100], unlabelled).frechet
    assert not (own_folder / "classifiers").exists()
    with pytest.raises(ValueError, match="no labels"):
        feature_classifier.train(unlabelled, "stripes")


def test_a_classifier_stored_by_an_older_version_opens(stripes: Dataset, own_folder: Path) -> None:
    first = feature_classifier.classifier_for(stripes)
    (file,) = own_folder.glob("classifiers/*.json")
    file.write_text(file.read_text().replace("{", '{"labelled": true,', 1))
    assert feature_classifier.available_classifier(stripes).info == first.info  # type: ignore[union-attr]

"""Each metric of image quality reacts to each way in which generated images can be wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data import Dataset, load
from gan_core.metrics import Quality, bootstrap, evaluate, registry
from gan_core.metrics.frechet import frechet, kernel
from gan_core.metrics.precision_recall import novelty, spacing
from gan_core.system.random_streams import stream


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load(TrainConfig())


@pytest.fixture(scope="module")
def floor(digits: Dataset) -> Quality:
    quality = evaluate(digits.examples, digits).floor
    assert quality is not None
    return quality


def unit(images: Tensor) -> Tensor:
    return images.float() / 255


def repeated(images: Tensor, n: int = 5000) -> Tensor:
    return images.repeat(-(-n // len(images)), 1, 1, 1)[:n]


def test_real_digits_score_their_floor(digits: Dataset, floor: Quality) -> None:
    assert floor.images == floor.reference == 2500
    assert floor.frechet < 2
    assert min(floor.precision, floor.recall, floor.coverage) > 0.9
    assert 0.9 < floor.density < 1.1
    assert 0.95 < floor.novelty < 1.05
    assert floor.sliced < 0.02
    low, high = floor.intervals["kernel"]
    assert low < 0 < high
    assert floor.class_divergence is not None
    assert floor.class_divergence < 0.005
    assert floor.missing == ()


def test_the_training_data_have_distance_0(digits: Dataset) -> None:
    quality = evaluate(digits.examples, digits)
    assert quality.frechet == pytest.approx(0, abs=1e-6)
    assert (quality.precision, quality.recall, quality.coverage) == (1, 1, 1)


def test_metrics_are_repeatable_and_the_same_for_bytes_and_floats(digits: Dataset) -> None:
    images = digits.examples[:600]
    assert evaluate(images, digits) == evaluate(unit(images), digits)


def test_missing_classes_are_named_and_change_distance_and_coverage(digits: Dataset, floor: Quality) -> None:
    assert digits.labels is not None
    quality = evaluate(digits.examples[digits.labels < 5], digits)
    assert quality.missing == ("5", "6", "7", "8", "9")
    assert quality.class_divergence == pytest.approx(np.log(2), abs=0.05)
    assert quality.frechet > 50 * floor.frechet
    assert quality.coverage < 0.6
    assert quality.precision > 0.9
    assert quality.kernel > 50
    assert quality.recall < 0.8
    assert quality.sliced > 2 * floor.sliced


def test_memorised_images_have_low_recall_and_novelty(digits: Dataset, floor: Quality) -> None:
    quality = evaluate(repeated(digits.examples[:100]), digits)
    assert quality.precision > 0.9
    assert quality.recall < 0.05
    assert quality.coverage < 0.3
    assert quality.novelty < 0.01
    assert quality.frechet > 5 * floor.frechet
    assert quality.intervals["kernel"][0] > 0
    assert quality.sliced > 2 * floor.sliced


def test_a_single_image_has_precision_only(digits: Dataset, floor: Quality) -> None:
    quality = evaluate(repeated(digits.examples[:1]), digits)
    assert quality.recall <= 0.01
    assert quality.coverage < 0.02
    assert quality.novelty < 0.01
    assert quality.kernel > 1000
    assert quality.sliced > 0.3
    assert len(quality.missing) == 9
    assert quality.class_divergence == pytest.approx(np.log(10), abs=0.01)
    assert quality.frechet > 500 * floor.frechet


def test_blur_increases_the_distance(digits: Dataset, floor: Quality) -> None:
    quality = evaluate(F.avg_pool2d(unit(digits.examples), 3, 1, 1), digits)
    assert quality.frechet > 50 * floor.frechet
    assert quality.missing == ()
    assert quality.coverage < 0.5
    assert quality.kernel > 50
    assert quality.novelty > 1.2
    assert quality.sliced > 3 * floor.sliced


def test_noise_has_no_precision_or_recall(digits: Dataset, floor: Quality) -> None:
    quality = evaluate(torch.rand(5000, 1, 28, 28, generator=stream(0, "noise")), digits)
    assert quality.precision < 0.05
    assert quality.recall == 0
    assert quality.coverage < 0.01
    assert quality.novelty > 1.2
    assert quality.kernel > 1000
    assert quality.sliced > 0.3
    assert quality.frechet > 500 * floor.frechet


def test_quality_names_its_data_and_its_extractor(digits: Dataset) -> None:
    quality = evaluate(digits.examples[:700], digits)
    assert (quality.images, quality.reference, quality.compared) == (700, 5000, 700)
    assert quality.extractor.startswith("mnist-5k classifier (10 classes, 98.")
    with pytest.raises(dataclasses.FrozenInstanceError):
        quality.frechet = 0.0  # type: ignore[misc]


def test_every_metric_has_a_provenance_an_interval_and_a_floor(digits: Dataset) -> None:
    values = {metric.name: metric for metric in registry.measured(evaluate(digits.examples[:700], digits))}
    assert [*values] == [name for name in registry.METRICS if hasattr(Quality, name) or name in values]
    assert (values["frechet"].provenance.n, values["frechet"].provenance.reference) == (700, "5000 training images")
    assert values["coverage"].provenance.reference == "700 training images"
    assert values["sliced"].provenance.extractor == "pixels"
    for metric in values.values():
        assert metric.low is not None
        assert metric.high is not None
        assert metric.low <= metric.value <= metric.high
        assert metric.real is not None
        assert metric.provenance.extractor


def test_intervals_match_the_spread_of_independent_samples() -> None:
    rng = stream(0, "samples")
    real = torch.randn(600, 8, generator=rng)

    def values_of(measure: Callable[[Tensor, Tensor, Tensor], Tensor]) -> list[Tensor]:
        weights = bootstrap.weights(600, rng, resamples=60)
        return [measure(real, 1.2 * torch.randn(600, 8, generator=rng) + 0.3, weights) for _ in range(20)]

    for measure in (frechet, kernel, partial(novelty, unit=spacing(real))):
        rows = values_of(measure)
        scatter = torch.stack([row[0] for row in rows]).std()
        width = torch.stack([row[1:].std() for row in rows]).mean()
        assert 0.6 < width / scatter < 1.6, measure


def test_an_evaluation_can_be_cancelled(digits: Dataset) -> None:
    reported: list[str] = []

    def give_up(done: float, what: str) -> None:
        reported.append(what)
        if len(reported) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        evaluate(repeated(digits.examples[:50], 3000), digits, give_up)
    assert len(reported) == 3


@pytest.mark.parametrize(
    ("images", "complaint"),
    [
        (torch.full((20, 1, 28, 28), torch.nan), "20 of 20 images hold NaN"),
        (torch.full((20, 1, 28, 28), -1.0), r"must be in \[0, 1\], got values from -1"),
        (torch.zeros(20, 3, 28, 28), "shape 1 x 28 x 28, but images of 3 x 28 x 28"),
        (torch.zeros(20, 28, 28), r"expected images \(n, channels"),
        (torch.zeros(0, 1, 28, 28), r"expected images \(n, channels"),
        (torch.zeros(5, 1, 28, 28), "more than 5 images"),
    ],
)
def test_invalid_images_are_one_clear_error(digits: Dataset, images: Tensor, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        evaluate(images, digits)


def test_points_are_an_error(digits: Dataset) -> None:
    cloud = Dataset(torch.zeros(100, 2), None, (), "")
    with pytest.raises(ValueError, match="shape 2"):
        evaluate(digits.examples[:10], cloud)

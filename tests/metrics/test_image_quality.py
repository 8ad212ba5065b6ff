"""Each figure of quality moves the right way for each way in which generated images can be wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
import torch.nn.functional as F
from torch import Tensor

from gan_core.config import TrainConfig
from gan_core.data import Dataset, load
from gan_core.metrics import (
    Quality,
    bootstrap,
    class_balance,
    evaluate,
    feature_classifier,
    frechet_distance,
    registry,
    wasserstein,
)
from gan_core.metrics.frechet import frechet, gaussian_distance, kernel
from gan_core.metrics.precision_recall import ball_metrics, novelty
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


# ---- whole evaluations -----------------------------------------------------------------------------------------------


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


def test_the_data_themselves_are_at_no_distance(digits: Dataset) -> None:
    quality = evaluate(digits.examples, digits)
    assert quality.frechet == pytest.approx(0, abs=1e-6)
    assert (quality.precision, quality.recall, quality.coverage) == (1, 1, 1)


def test_bytes_and_floats_of_the_same_images_score_the_same(digits: Dataset) -> None:
    images = digits.examples[:600]
    assert evaluate(images, digits) == evaluate(unit(images), digits)


def test_lost_classes_are_named_and_cost_distance_and_coverage(digits: Dataset, floor: Quality) -> None:
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


def test_memorised_images_have_no_recall(digits: Dataset, floor: Quality) -> None:
    quality = evaluate(repeated(digits.examples[:100]), digits)
    assert quality.precision > 0.9
    assert quality.recall < 0.05
    assert quality.coverage < 0.3
    assert quality.novelty < 0.01
    assert quality.frechet > 5 * floor.frechet
    assert quality.intervals["kernel"][0] > 0
    assert quality.sliced > 2 * floor.sliced


def test_one_image_has_precision_and_nothing_else(digits: Dataset, floor: Quality) -> None:
    quality = evaluate(repeated(digits.examples[:1]), digits)
    assert quality.recall <= 0.01
    assert quality.coverage < 0.02
    assert quality.novelty < 0.01
    assert quality.kernel > 1000
    assert quality.sliced > 0.3
    assert len(quality.missing) == 9
    assert quality.class_divergence == pytest.approx(np.log(10), abs=0.01)
    assert quality.frechet > 500 * floor.frechet


def test_blur_costs_distance_though_every_class_is_there(digits: Dataset, floor: Quality) -> None:
    quality = evaluate(F.avg_pool2d(unit(digits.examples), 3, 1, 1), digits)
    assert quality.frechet > 50 * floor.frechet
    assert quality.missing == ()
    assert quality.coverage < 0.5
    assert quality.kernel > 50
    assert quality.novelty > 1.2
    assert quality.sliced > 3 * floor.sliced


def test_noise_looks_like_nothing_real(digits: Dataset, floor: Quality) -> None:
    quality = evaluate(torch.rand(5000, 1, 28, 28, generator=stream(0, "noise")), digits)
    assert quality.precision < 0.05
    assert quality.recall == 0
    assert quality.coverage < 0.01
    assert quality.novelty > 1.2
    assert quality.kernel > 1000
    assert quality.sliced > 0.3
    assert quality.frechet > 500 * floor.frechet


def test_a_figure_says_what_it_was_measured_on(digits: Dataset) -> None:
    quality = evaluate(digits.examples[:700], digits)
    assert (quality.images, quality.reference, quality.compared) == (700, 5000, 700)
    assert quality.extractor.startswith("mnist-5k classifier (10 classes, 98.")
    with pytest.raises(dataclasses.FrozenInstanceError):
        quality.frechet = 0.0  # type: ignore[misc]


def test_every_figure_stands_beside_its_number_its_reference_its_interval_and_its_floor(digits: Dataset) -> None:
    judged = {figure.name: figure for figure in registry.measured(evaluate(digits.examples[:700], digits))}
    assert [*judged] == [name for name in registry.METRICS if hasattr(Quality, name) or name in judged]
    assert (judged["frechet"].provenance.n, judged["frechet"].provenance.reference) == (700, "5000 training images")
    assert judged["coverage"].provenance.reference == "700 training images"
    assert judged["sliced"].provenance.extractor == "pixels"
    for figure in judged.values():
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low <= figure.value <= figure.high
        assert figure.real is not None
        assert figure.provenance.extractor


def test_an_interval_is_about_as_wide_as_figures_of_fresh_samples_scatter() -> None:
    rng = stream(0, "samples")
    real = torch.randn(600, 8, generator=rng)

    def figures_of(measure: Callable[[Tensor, Tensor, Tensor], Tensor]) -> list[Tensor]:
        weights = bootstrap.weights(600, rng, resamples=60)
        return [measure(real, 1.2 * torch.randn(600, 8, generator=rng) + 0.3, weights) for _ in range(20)]

    for measure in (frechet, kernel, novelty):
        rows = figures_of(measure)
        scatter = torch.stack([row[0] for row in rows]).std()
        width = torch.stack([row[1:].std() for row in rows]).mean()
        assert 0.6 < width / scatter < 1.6, measure


def test_an_evaluation_that_is_given_up_ends_at_once(digits: Dataset) -> None:
    told: list[str] = []

    def give_up(done: float, what: str) -> None:
        told.append(what)
        if len(told) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        evaluate(repeated(digits.examples[:50], 3000), digits, give_up)
    assert len(told) == 3


def test_an_evaluation_is_repeatable(digits: Dataset) -> None:
    images = repeated(digits.examples[:50], 300)
    assert evaluate(images, digits) == evaluate(images, digits)


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
def test_what_cannot_be_judged_is_one_clear_error(digits: Dataset, images: Tensor, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        evaluate(images, digits)


def test_points_are_turned_away(digits: Dataset) -> None:
    cloud = Dataset(torch.zeros(100, 2), None, (), "")
    with pytest.raises(ValueError, match="shape 2"):
        evaluate(digits.examples[:10], cloud)


# ---- distances -------------------------------------------------------------------------------------------------------


def gaussians(dimension: int, seed: int) -> tuple[Tensor, Tensor]:
    rng = stream(seed, "a Gaussian")
    root = torch.randn(dimension, dimension, dtype=torch.float64, generator=rng)
    return torch.randn(dimension, dtype=torch.float64, generator=rng), root @ root.T


def test_the_frechet_distance_is_the_closed_form() -> None:
    """Against scipy's matrix square root, which takes another way to (C1 C2)^1/2."""
    one, other = gaussians(16, seed=1), gaussians(16, seed=2)
    cross = scipy.linalg.sqrtm((one[1] @ other[1]).numpy()).real.trace()
    expected = float((one[0] - other[0]).square().sum() + one[1].trace() + other[1].trace()) - 2 * cross
    assert gaussian_distance(*one, *other) == pytest.approx(expected, abs=1e-3)


def test_the_frechet_distance_in_one_dimension_is_that_of_means_plus_that_of_deviations() -> None:
    def gaussian(mean: float, deviation: float) -> tuple[Tensor, Tensor]:
        return torch.tensor([mean], dtype=torch.float64), torch.tensor([[deviation**2]], dtype=torch.float64)

    assert gaussian_distance(*gaussian(1, 2), *gaussian(4, 6)) == pytest.approx(3**2 + 4**2)


def test_the_frechet_distance_of_samples_approaches_that_of_their_distributions() -> None:
    x = torch.randn(50_000, 4, generator=stream(0, "sample"))
    assert frechet_distance(x, 2 * x + 1) == pytest.approx(4 * (1 + 1), rel=0.05)


def test_the_frechet_distance_bears_singular_covariances() -> None:
    x = torch.randn(100, 8, generator=stream(0, "sample"))
    assert frechet_distance(x, torch.zeros(100, 8)) == pytest.approx(float(x.double().var(0).sum()), rel=0.05)


def test_neighbour_figures_of_sets_worked_out_by_hand() -> None:
    """Real 0, 1, 2, 3 and fakes 0.5, 9, 10: with k = 1 all balls reach 1, but the ball of 0.5 reaches 8.5."""
    real, fake = (torch.tensor(x)[:, None] for x in ([0.0, 1.0, 2.0, 3.0], [0.5, 9.0, 10.0]))
    near = {name: float(rows[0]) for name, rows in ball_metrics(real, fake, bootstrap.once(3), k=1).items()}
    assert near["precision"] == pytest.approx(1 / 3)  # 0.5
    assert near["density"] == pytest.approx(2 / 3)  # 0.5 lies in the balls of 0 and 1
    assert near["coverage"] == pytest.approx(2 / 4)  # those of 0 and 1
    assert near["recall"] == 1


def test_the_kernel_distance_is_unbiased_and_agrees_with_its_definition() -> None:
    x, y = torch.tensor([[0.0], [1.0], [3.0]]), torch.tensor([[2.0], [1.0]])

    def mean(a: Tensor, b: Tensor, pairs: list[tuple[int, int]]) -> float:
        return float(np.mean([float((a[i] * b[j]).sum() + 1) ** 3 for i, j in pairs]))

    own = mean(x, x, [(i, j) for i in range(3) for j in range(3) if i != j])
    theirs = mean(y, y, [(0, 1), (1, 0)])
    across = mean(x, y, [(i, j) for i in range(3) for j in range(2)])
    assert float(kernel(x, y, bootstrap.once(2))[0]) == pytest.approx(own + theirs - 2 * across)

    samples = stream(0, "samples")
    many = [kernel(*(torch.randn(40, 4, generator=samples) for _ in range(2)), bootstrap.once(40)) for _ in range(300)]
    assert abs(float(torch.cat(many).mean())) < 3 * float(torch.cat(many).std()) / 300**0.5


def test_novelty_is_measured_in_the_distance_of_real_neighbours() -> None:
    real = torch.arange(10.0)[:, None]
    assert float(novelty(real, real[:4], bootstrap.once(4))[0]) == pytest.approx(0, abs=1e-6)
    assert float(novelty(real, real[:4] + 0.25, bootstrap.once(4))[0]) == pytest.approx(0.25, abs=1e-6)
    assert float(novelty(real, real + 30, bootstrap.once(10))[0]) > 20


@pytest.mark.parametrize("dimensions", [1, 2, 50])
def test_a_shift_moves_the_sliced_distance_by_as_much(dimensions: int) -> None:
    real = torch.randn(400, dimensions, generator=stream(0, "real"))
    found = wasserstein.sliced(real, real + 2, bootstrap.weights(400, stream(0, "w"), 4), stream(0, "directions"))
    assert float(found[0]) == pytest.approx(2, rel=0.25)
    assert found[1:].tolist() == pytest.approx([float(found[0])] * 4, rel=0.2)


def test_resampled_points_are_sliced_as_if_they_were_drawn() -> None:
    real, fake = (torch.randn(50, 3, generator=stream(seed, "set")) for seed in (0, 1))
    weights = bootstrap.weights(50, stream(0, "w"), 3)
    found = wasserstein.sliced(real, fake, weights, stream(0, "directions"))
    for row, figure in zip(weights.long(), found, strict=True):
        drawn = fake.repeat_interleave(row, dim=0)
        assert figure == wasserstein.sliced(real, drawn, bootstrap.once(50), stream(0, "directions"))[0]


def test_the_wasserstein_distance_is_the_cheapest_pairing() -> None:
    real = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]])
    assert wasserstein.wasserstein(real, real.flip(0)) == 0
    assert wasserstein.wasserstein(real, real + torch.tensor([3.0, 4.0])) == pytest.approx(5)


def test_class_divergence_counts_against_the_shares_of_the_data() -> None:
    skewed = torch.tensor([0.75, 0.25])
    assert float(class_balance.divergence(torch.tensor([300.0, 100.0]), skewed)) == pytest.approx(0, abs=1e-9)
    assert float(class_balance.divergence(torch.tensor([400.0, 0.0]), skewed)) == pytest.approx(np.log(1 / 0.75))
    assert class_balance.missing(torch.tensor([399, 1]), skewed) == [1]


# ---- the classifier --------------------------------------------------------------------------------------------------


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_PLAYGROUND_DATA", str(tmp_path))
    monkeypatch.setattr(feature_classifier, "_STEPS", 40)
    return tmp_path


@pytest.fixture
def stripes() -> Dataset:
    """A data set no shipped classifier knows: stripes across or along, in colour, with a little noise."""
    rng = stream(0, "stripes")
    labels = torch.randint(2, (200,), generator=rng)
    across = (torch.arange(16) % 4 < 2).float().expand(3, 16, 16)
    images = torch.where(labels[:, None, None, None] == 0, across, across.mT)
    noise = 0.2 * torch.rand(200, 3, 16, 16, generator=rng)
    return Dataset(((0.8 * images + noise) * 255).byte(), labels, ("across", "along"), "")


def test_the_shipped_classifier_knows_digits_it_was_not_trained_on(digits: Dataset) -> None:
    judge = feature_classifier.classifier_for(digits)
    held_out = judge.info.held_out
    assert digits.labels is not None
    assert judge.accuracy(digits.examples[:held_out], digits.labels[:held_out]) == pytest.approx(judge.info.accuracy)
    assert judge.info.accuracy > 0.98


def test_the_shipped_weights_are_small() -> None:
    assert sum(file.stat().st_size for file in feature_classifier.SHIPPED.iterdir()) < 1_000_000


def test_digits_of_another_shape_keep_their_judge() -> None:
    resized = load(TrainConfig().with_values({"data.size": 32, "data.channels": 3, "data.count": 300}))
    assert feature_classifier.classifier_for(resized).info.name == "mnist-5k"


def test_new_data_get_a_judge_of_their_own_once(stripes: Dataset, own_folder: Path) -> None:
    told: list[float] = []
    first = feature_classifier.classifier_for(stripes, lambda fraction, text: told.append(fraction))
    assert first.info.accuracy > 0.95
    assert told == sorted(told)
    assert len(told) == 40

    again = feature_classifier.classifier_for(stripes, lambda fraction, text: pytest.fail("trained a second time"))
    assert again.info == first.info
    assert torch.equal(again.classify(stripes.examples).features, first.classify(stripes.examples).features)


def test_training_a_judge_is_repeatable_and_leaves_the_global_generator_alone(
    stripes: Dataset, own_folder: Path
) -> None:
    before = torch.get_rng_state()
    first, second = (feature_classifier.train(stripes, "stripes").network.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_damaged_judge_is_trained_anew(stripes: Dataset, own_folder: Path) -> None:
    first = feature_classifier.classifier_for(stripes)
    (file,) = own_folder.glob("classifiers/*.safetensors")
    file.write_bytes(file.read_bytes()[:1000])
    assert feature_classifier.classifier_for(stripes).info == first.info


def test_data_without_labels_are_judged_by_a_classifier_of_quarter_turns(stripes: Dataset, own_folder: Path) -> None:
    unlabelled = dataclasses.replace(stripes, labels=None, classes=())
    quality = evaluate(stripes.examples[:100], unlabelled)
    assert "quarter turns" in quality.extractor
    assert (quality.class_counts, quality.class_divergence, quality.missing) == ((), None, ())
    assert quality.frechet < evaluate(255 - stripes.examples[:100], unlabelled).frechet

"""The metrics of images without labels see each way in which a generator's images are often bad."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from torch import Tensor

from benchmarks.degradations import DATA, DEGRADATIONS, split
from gan_core.data import Dataset
from gan_core.metrics import Quality, bootstrap, evaluate, frechet_distance, image_quality
from gan_core.metrics.untrained_features import UntrainedFeatures, statistics
from gan_core.system.random_streams import stream

IMAGES = 300  # of each half


@pytest.fixture(scope="module", autouse=True)
def few_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "weights", partial(bootstrap.weights, resamples=2))
        yield


@dataclass
class Halves:
    """A data set without labels, other images like its own, and the quality of these."""

    dataset: Dataset
    others: Tensor
    real: Quality

    def damaged(self, what: str) -> list[Quality]:
        """The quality of the other images, damaged more and more."""
        degrade, strengths = DEGRADATIONS[what]
        return [evaluate(degrade(self.others, strength), self.dataset) for strength in strengths]


@pytest.fixture(scope="module", params=["digits", "photographs", "symmetric"])
def halves(request: pytest.FixtureRequest) -> Halves:
    dataset, others = split(DATA[request.param](), IMAGES)
    return Halves(dataset, others, evaluate(others, dataset))


@pytest.mark.parametrize("what", ["checkerboard", "noise", "grey wash", "blur", "repeated"])
def test_the_distance_grows_with_every_degradation(what: str, halves: Halves) -> None:
    real, damaged = halves.real, halves.damaged(what)
    distances = [quality.frechet for quality in damaged]
    assert distances == sorted(distances)
    assert distances[0] > 1.05 * real.frechet
    assert distances[1] > 1.8 * real.frechet
    assert distances[2] > 4 * real.frechet
    assert damaged[2].coverage < 0.7 < 0.85 < real.coverage
    assert damaged[2].recall < real.recall - 0.1
    if what == "repeated":
        assert damaged[1].precision > 0.8
        assert damaged[1].recall < 0.3
        assert damaged[1].coverage < 0.4


def test_a_collapse_to_a_few_real_images_has_no_novelty(halves: Halves) -> None:
    few = halves.dataset.examples[torch.arange(IMAGES) % 10]
    assert evaluate(few, halves.dataset).novelty < 0.01


# ---- unusual data ----------------------------------------------------------------------------------------------------


def unlabelled(examples: Tensor) -> Dataset:
    return Dataset(examples, None, (), "")


@pytest.mark.parametrize("n", [1, 3, 11, 49])
def test_too_few_images_are_refused_with_what_to_do(n: int) -> None:
    data = unlabelled(DATA["digits"]()[:n])
    reason = image_quality.refusal(data)
    assert f"the data hold {n} different picture" in reason
    assert "at least 50; add pictures" in reason
    with pytest.raises(ValueError, match="at least 50"):
        evaluate(torch.zeros(60, 1, 28, 28), data)


@pytest.mark.parametrize("different", [1, 2])
def test_equal_images_count_once(different: int) -> None:
    examples = DATA["digits"]()[torch.arange(500) % different]
    assert f"hold {different} different" in image_quality.refusal(unlabelled(examples))


def test_the_fewest_images_show_blur_and_repeats_apart_from_the_floor() -> None:
    """With fewer, the distance between real halves is as large as that of bad images, so it is no floor."""
    dataset, _ = split(DATA["digits"](), image_quality.FEWEST)
    others = DATA["digits"]()[:500].float() / 255
    real = evaluate(others, dataset)
    assert real.floor is not None
    for what in ("blur", "grey wash", "repeated"):
        degrade, strengths = DEGRADATIONS[what]
        quality = evaluate(degrade(others, strengths[-1]), dataset)
        assert quality.frechet > 1.2 * max(real.frechet, real.floor.frechet), what
        assert quality.coverage < 0.7 < 0.9 < real.coverage, what


@pytest.mark.parametrize(
    "examples",
    [
        torch.randint(256, (60, 3, 8, 8), dtype=torch.uint8, generator=stream(0, "tiny")),
        torch.randint(256, (60, 1, 8, 8), dtype=torch.uint8, generator=stream(0, "tiny")),
        torch.randint(256, (60, 1, 16, 16), dtype=torch.uint8, generator=stream(0, "grey")).expand(-1, 3, -1, -1),
        torch.arange(60, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 16, 16),
    ],
    ids=["8 pixels", "one channel", "grey in three channels", "one colour each"],
)
def test_unusual_images_have_finite_metrics(examples: Tensor) -> None:
    quality = evaluate(torch.rand(60, *examples.shape[1:], generator=stream(0, "fakes")), unlabelled(examples))
    values = [getattr(quality, name) for name in quality.intervals]
    assert torch.tensor(values).isfinite().all()
    assert evaluate(examples, unlabelled(examples)).frechet < 0.01 * quality.frechet


# ---- the features ----------------------------------------------------------------------------------------------------


def test_features_repeat_and_do_not_depend_on_the_global_rng() -> None:
    dataset, others = split(DATA["photographs"](), 100)
    before = torch.get_rng_state()
    first, second = (UntrainedFeatures(dataset).classify(others).features for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
    assert frechet_distance(first, second) == pytest.approx(0, abs=1e-6)


def test_statistics_separate_contrast_colour_and_a_grid_of_single_pixels() -> None:
    flat = torch.full((1, 3, 16, 16), 0.5)
    grid = DEGRADATIONS["checkerboard"][0](flat, 0.1)
    changed = (statistics(grid) - statistics(flat))[0].abs() > 0.1
    names = [*("mean",) * 3, *("contrast",) * 3, "colour"]
    names += [f"{way} {scale}" for scale in (1, 2, 4) for way in ("along rows", "along columns", "diagonal")]
    assert [name for name, is_changed in zip(names, changed, strict=True) if is_changed] == [
        *("contrast",) * 3,
        "diagonal 1",
    ]

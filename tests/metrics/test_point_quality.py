"""A perfect generator of points scores near 0, and each error changes its metric."""

from __future__ import annotations

import pytest
import torch

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS
from gan_core.data.points import distribution_of
from gan_core.metrics import registry
from gan_core.metrics.point_quality import SAMPLES, PointEvaluator
from gan_core.system.random_streams import stream

SETS = [name for name, entry in DATASETS.items() if entry.kind == "points"]


def config_of(name: str) -> TrainConfig:
    return presets.load("drawn") if name == "drawn" else presets.fit_to(presets.load("ring8"), name)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_perfect_generator_scores_near_0(name: str, seed: int) -> None:
    config = config_of(name)
    fit = PointEvaluator(config).fit(distribution_of(config).sample(SAMPLES, stream(seed, "a perfect generator")))
    assert -0.001 < fit.kl < 0.1
    assert -0.001 < fit.js < 0.02
    assert fit.mean_error < 0.05
    assert fit.covariance_error < 0.05
    assert fit.covered == fit.modes


def test_disjoint_points_have_a_js_of_one_bit_and_finite_metrics() -> None:
    fit = PointEvaluator(config_of("ring8")).fit(torch.full((SAMPLES, 2), 50.0))
    assert fit.js == pytest.approx(1, abs=0.02)
    assert 5 < fit.kl < 30
    assert (fit.covered, fit.good) == (0, 0)


def test_a_perfect_generator_scores_its_floor() -> None:
    config = config_of("ring8")
    fit = PointEvaluator(config).evaluate(distribution_of(config).sample(SAMPLES, stream(1, "a perfect generator")))
    assert fit.floor is not None
    values = {metric.name: metric for metric in registry.measured(fit)}
    for name in ("kl", "js"):
        assert values[name].real == pytest.approx(values[name].value, rel=0.3)
    for name in ("wasserstein", "sliced"):
        assert 0 < values[name].value < 0.25
        assert values[name].provenance.n == 5000
    for metric in values.values():
        assert metric.name == "covered" or metric.low <= metric.value <= metric.high  # type: ignore[operator]


def test_the_wasserstein_distance_of_a_shift_is_its_length() -> None:
    config = config_of("gaussian")
    fit = PointEvaluator(config).evaluate(
        distribution_of(config).sample(SAMPLES, stream(1, "sample")) + torch.tensor([3.0, 4.0])
    )
    assert fit.wasserstein == pytest.approx(5, abs=0.2)
    assert fit.sliced == pytest.approx(5 / 2**0.5, rel=0.2)
    low, high = fit.intervals["wasserstein"]
    assert low < 5 < high
    assert high - low < 0.5


def test_few_points_have_no_wasserstein_interval() -> None:
    fit = PointEvaluator(config_of("ring8")).evaluate(torch.randn(20, 2, generator=stream(0, "few")))
    assert fit.wasserstein is not None
    assert "wasserstein" not in fit.intervals


@pytest.mark.parametrize("kept", [1, 3, 7])
def test_missing_modes_are_counted(kept: int) -> None:
    config = config_of("ring8")
    centres, sigma = distribution_of(config).modes  # type: ignore[misc]
    picked = torch.randint(kept, (SAMPLES,), generator=stream(0, "which"))
    fit = PointEvaluator(config).fit(centres[picked] + sigma * torch.randn(SAMPLES, 2, generator=stream(0, "blur")))
    assert fit.covered == kept
    assert fit.good is not None
    assert fit.good > 0.99
    assert fit.js > 0.04


def test_the_gaussian_has_the_moments_of_dive_into_deep_learning() -> None:
    config = config_of("gaussian")
    fit = PointEvaluator(config).fit(
        distribution_of(config).sample(SAMPLES, stream(3, "sample")) + torch.tensor([0.5, 0.0])
    )
    assert fit.true_mean.tolist() == [1, 2]
    assert fit.true_covariance.ravel().tolist() == pytest.approx([1.01, 1.95, 1.95, 4.25])
    assert fit.mean_error == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("points", [torch.full((9, 2), torch.nan), torch.zeros(1, 2)])
def test_invalid_points_are_one_clear_error(points: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="cannot evaluate"):
        PointEvaluator(config_of("moons")).fit(points)

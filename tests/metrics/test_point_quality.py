"""A perfect generator of points reads near zero, and each fault moves the figure that is meant to show it."""

from __future__ import annotations

import pytest
import torch

from gan_core import presets
from gan_core.config import TrainConfig
from gan_core.config.catalog import DATASETS
from gan_core.data.points import draw, modes
from gan_core.metrics import registry
from gan_core.metrics.point_quality import SAMPLES, PointEvaluator
from gan_core.system.random_streams import stream

SETS = [name for name, entry in DATASETS.items() if entry.kind == "points"]


def config_of(name: str) -> TrainConfig:
    return presets.load("drawn") if name == "drawn" else presets.fit_to(presets.load("ring8"), name)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_perfect_generator_reads_near_zero(name: str, seed: int) -> None:
    config = config_of(name)
    fit = PointEvaluator(config).fit(draw(config, SAMPLES, stream(seed, "a perfect generator")))
    assert -0.001 < fit.kl < 0.1
    assert -0.001 < fit.js < 0.02
    assert fit.mean_error < 0.05
    assert fit.covariance_error < 0.05
    assert fit.covered == fit.modes


def test_points_that_share_nothing_with_the_truth_read_one_bit_and_stay_finite() -> None:
    fit = PointEvaluator(config_of("ring8")).fit(torch.full((SAMPLES, 2), 50.0))
    assert fit.js == pytest.approx(1, abs=0.02)
    assert 5 < fit.kl < 30
    assert (fit.covered, fit.good) == (0, 0)


def test_in_full_a_perfect_generator_reads_its_floor() -> None:
    config = config_of("ring8")
    fit = PointEvaluator(config).evaluate(draw(config, SAMPLES, stream(1, "a perfect generator")))
    assert fit.floor is not None
    judged = {figure.name: figure for figure in registry.measured(fit)}
    for name in ("kl", "js"):
        assert judged[name].real == pytest.approx(judged[name].value, rel=0.3)
    for name in ("wasserstein", "sliced"):
        assert 0 < judged[name].value < 0.25
        assert judged[name].provenance.n == 5000
    for figure in judged.values():
        assert figure.name == "covered" or figure.low <= figure.value <= figure.high  # type: ignore[operator]


def test_in_full_a_shift_is_a_wasserstein_distance_as_long() -> None:
    config = config_of("gaussian")
    fit = PointEvaluator(config).evaluate(draw(config, SAMPLES, stream(1, "sample")) + torch.tensor([3.0, 4.0]))
    assert fit.wasserstein == pytest.approx(5, abs=0.2)
    assert fit.sliced == pytest.approx(5 / 2**0.5, rel=0.2)
    low, high = fit.intervals["wasserstein"]
    assert low < 5 < high
    assert high - low < 0.5


def test_in_full_few_points_are_judged_too() -> None:
    fit = PointEvaluator(config_of("ring8")).evaluate(torch.randn(20, 2, generator=stream(0, "few")))
    assert fit.wasserstein is not None
    assert "wasserstein" not in fit.intervals


@pytest.mark.parametrize("kept", [1, 3, 7])
def test_missing_modes_are_counted(kept: int) -> None:
    config = config_of("ring8")
    centres, sigma = modes(config)  # type: ignore[misc]
    picked = torch.randint(kept, (SAMPLES,), generator=stream(0, "which"))
    fit = PointEvaluator(config).fit(centres[picked] + sigma * torch.randn(SAMPLES, 2, generator=stream(0, "blur")))
    assert fit.covered == kept
    assert fit.good is not None
    assert fit.good > 0.99
    assert fit.js > 0.04


def test_the_gaussian_is_held_to_its_closed_form() -> None:
    config = config_of("gaussian")
    fit = PointEvaluator(config).fit(draw(config, SAMPLES, stream(3, "sample")) + torch.tensor([0.5, 0.0]))
    assert fit.true_mean.tolist() == [1, 2]
    assert fit.true_covariance.ravel().tolist() == pytest.approx([1.01, 1.95, 1.95, 4.25])
    assert fit.mean_error == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("points", [torch.full((9, 2), torch.nan), torch.zeros(1, 2)])
def test_points_that_cannot_be_judged_are_one_clear_error(points: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="cannot evaluate"):
        PointEvaluator(config_of("moons")).fit(points)

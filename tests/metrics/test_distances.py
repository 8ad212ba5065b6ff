"""Distances between sets of features agree with their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

from gan_core.metrics import bootstrap, class_balance, frechet_distance, wasserstein
from gan_core.metrics.frechet import gaussian_distance, kernel, square_root
from gan_core.metrics.precision_recall import ball_metrics, novelty, spacing
from gan_core.system.random_streams import stream


def gaussians(dimension: int, seed: int) -> tuple[Tensor, Tensor]:
    rng = stream(seed, "a Gaussian")
    root = torch.randn(dimension, dimension, dtype=torch.float64, generator=rng)
    return torch.randn(dimension, dtype=torch.float64, generator=rng), root @ root.T


def test_the_frechet_distance_agrees_with_its_closed_form() -> None:
    """Checked with scipy's matrix square root (C1 C2)^1/2."""
    one, other = gaussians(16, seed=1), gaussians(16, seed=2)
    cross = scipy.linalg.sqrtm((one[1] @ other[1]).numpy()).real.trace()
    expected = float((one[0] - other[0]).square().sum() + one[1].trace() + other[1].trace()) - 2 * cross
    assert float(gaussian_distance(*one, square_root(one[1]), *other)) == pytest.approx(expected, abs=1e-3)


def test_the_frechet_distance_of_samples_converges() -> None:
    x = torch.randn(50_000, 4, generator=stream(0, "sample"))
    assert frechet_distance(x, 2 * x + 1) == pytest.approx(4 * (1 + 1), rel=0.05)


def test_the_frechet_distance_with_singular_covariances() -> None:
    x = torch.randn(100, 8, generator=stream(0, "sample"))
    assert frechet_distance(x, torch.zeros(100, 8)) == pytest.approx(float(x.double().var(0).sum()), rel=0.05)


def test_precision_recall_density_and_coverage_of_a_small_example() -> None:
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


def test_novelty_is_relative_to_the_distance_of_real_neighbours() -> None:
    real = torch.arange(10.0)[:, None]
    unit = spacing(real)
    assert float(novelty(real, real[:4], bootstrap.once(4), unit)[0]) == pytest.approx(0, abs=1e-6)
    assert float(novelty(real, real[:4] + 0.25, bootstrap.once(4), unit)[0]) == pytest.approx(0.25, abs=1e-6)
    assert float(novelty(real, real + 30, bootstrap.once(10), unit)[0]) > 20


@pytest.mark.parametrize("dimensions", [1, 2, 50])
def test_the_sliced_distance_of_a_shift_is_the_shift(dimensions: int) -> None:
    real = torch.randn(400, dimensions, generator=stream(0, "real"))
    found = wasserstein.sliced(real, real + 2, bootstrap.weights(400, stream(0, "w"), 4), stream(0, "directions"))
    assert float(found[0]) == pytest.approx(2, rel=0.25)
    assert found[1:].tolist() == pytest.approx([float(found[0])] * 4, rel=0.2)


def test_weighted_points_have_the_sliced_distance_of_repeated_points() -> None:
    real, fake = (torch.randn(50, 3, generator=stream(seed, "set")) for seed in (0, 1))
    weights = bootstrap.weights(50, stream(0, "w"), 3)
    found = wasserstein.sliced(real, fake, weights, stream(0, "directions"))
    for row, distance in zip(weights.long(), found, strict=True):
        repeated = fake.repeat_interleave(row, dim=0)
        assert distance == wasserstein.sliced(real, repeated, bootstrap.once(50), stream(0, "directions"))[0]


def test_the_wasserstein_distance_is_the_optimal_pairing() -> None:
    real = torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]])
    assert wasserstein.wasserstein(real, real.flip(0)) == 0
    assert wasserstein.wasserstein(real, real + torch.tensor([3.0, 4.0])) == pytest.approx(5)


def test_class_divergence_is_relative_to_the_shares_of_the_data() -> None:
    skewed = torch.tensor([0.75, 0.25])
    assert float(class_balance.divergence(torch.tensor([300.0, 100.0]), skewed)) == pytest.approx(0, abs=1e-9)
    assert float(class_balance.divergence(torch.tensor([400.0, 0.0]), skewed)) == pytest.approx(np.log(1 / 0.75))
    assert class_balance.missing(torch.tensor([399, 1]), skewed) == [1]

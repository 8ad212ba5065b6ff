"""Losses agree with their papers, written here a second time, and with their own equilibrium lines."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gan_core import losses
from gan_core.config.catalog import LOSSES, UnknownNameError
from gan_core.losses.adversarial import Combine, Loss

Formula = Callable[
    [Tensor, Tensor, float], tuple[Tensor, Tensor]
]  # real and fake logits, smoothing -> sums for D and G


def probability(logits: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-logits))


def non_saturating(real: Tensor, fake: Tensor, s: float) -> tuple[Tensor, Tensor]:
    p, q = probability(real), probability(fake)
    d = -((1 - s) * torch.log(p) + s * torch.log(1 - p)).mean() - torch.log(1 - q).mean()
    return d, -torch.log(q).mean()


def saturating(real: Tensor, fake: Tensor, s: float) -> tuple[Tensor, Tensor]:
    return non_saturating(real, fake, s)[0], torch.log(1 - probability(fake)).mean()


def wasserstein(real: Tensor, fake: Tensor, s: float) -> tuple[Tensor, Tensor]:
    return fake.mean() - real.mean(), -fake.mean()


def least_squares(real: Tensor, fake: Tensor, s: float) -> tuple[Tensor, Tensor]:
    a, b, c = 0, 1 - s, 1
    d = 0.5 * ((real - b) ** 2).mean() + 0.5 * ((fake - a) ** 2).mean()
    return d, 0.5 * ((fake - c) ** 2).mean()


def hinge(real: Tensor, fake: Tensor, s: float) -> tuple[Tensor, Tensor]:
    d = (
        -torch.minimum(torch.zeros_like(real), real - 1).mean()
        - torch.minimum(torch.zeros_like(fake), -fake - 1).mean()
    )
    return d, -fake.mean()


def loss_sensitive(real: Tensor, fake: Tensor, s: float) -> tuple[Tensor, Tensor]:
    return ranked(real, fake, [1.0] * min(len(real), len(fake)))


def relativistic(real: Tensor, fake: Tensor, s: float) -> tuple[Tensor, Tensor]:
    """-E[log sigmoid(D(x) - D(G(z)))] of R3GAN, over the pairs of a batch."""
    pairs = min(len(real), len(fake))
    real_wins = probability(real[:pairs] - fake[:pairs])
    return -torch.log(real_wins).mean(), -torch.log(1 - real_wins).mean()


def ranked(real: Tensor, fake: Tensor, margins: list[float]) -> tuple[Tensor, Tensor]:
    """Qi's equations 7 and 8 with lambda 10: L(x) = -D(x), and each pair costs what its margin lacks."""
    lacking = [max(0.0, margin + -x.item() - -y.item()) for margin, x, y in zip(margins, real, fake, strict=False)]
    return (-real).mean() + 10 * sum(lacking) / len(lacking), (-fake).mean()


PAPERS: dict[str, Formula] = {
    "non-saturating": non_saturating,
    "saturating": saturating,
    "wasserstein": wasserstein,
    "least-squares": least_squares,
    "hinge": hinge,
    "loss-sensitive": loss_sensitive,
    "relativistic": relativistic,
}
SHIPPED = ["non-saturating", "saturating", "wasserstein", "least-squares", "hinge", "loss-sensitive", "relativistic"]
every_loss = pytest.mark.parametrize("name", list(LOSSES))
both_ways = pytest.mark.parametrize("combine", ["sum", "mean"])
smoothings = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])


def logits(seed: int, n: int = 200) -> Tensor:
    return 3 * torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_each_shipped_loss_has_its_papers_formula() -> None:
    assert [*PAPERS] == SHIPPED


@pytest.mark.parametrize("name", PAPERS)
@both_ways
@smoothings
def test_a_loss_is_its_papers_formula(name: str, combine: Combine, smoothing: float) -> None:
    loss, real, fake = losses.get(name, combine, smoothing), logits(1), logits(2, n=150)
    d, g = PAPERS[name](real, fake, smoothing)
    share = 1 if combine == "sum" else 1 / 2
    torch.testing.assert_close(loss.discriminator(real, fake), share * d, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(loss.generator(fake, real), g, rtol=1e-10, atol=1e-10)


@every_loss
@smoothings
def test_gradients_are_those_of_the_loss(name: str, smoothing: float) -> None:
    loss = losses.get(name, label_smoothing=smoothing)
    real, fake = (logits(seed, n=20).requires_grad_() for seed in (3, 4))
    assert torch.autograd.gradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradcheck(loss.generator, (fake, real))


@every_loss
@both_ways
@smoothings
def test_the_equilibrium_line_is_what_the_best_constant_discriminator_gets(
    name: str, combine: Combine, smoothing: float
) -> None:
    loss = losses.get(name, combine, smoothing)
    constants = torch.linspace(-3, 3, 6001, dtype=torch.float64)
    costs = torch.vmap(lambda c: loss.discriminator(c[None], c[None]))(constants)
    best = constants[(costs - costs.min()).abs() < 1e-12]  # one constant, or every one that is as good
    d, g = loss.equilibrium
    if d is None:
        assert costs.diff().abs().min() > 0  # no best constant: the loss falls, or climbs, without end
        return
    assert costs.min().item() == pytest.approx(d, abs=1e-6)
    if g is None:
        assert len(best) > 100
    else:
        assert loss.generator(best, best).item() == pytest.approx(g, abs=1e-3)


def test_cross_entropy_losses_rest_at_two_ln_2() -> None:
    assert losses.get("non-saturating").equilibrium == pytest.approx((2 * math.log(2), math.log(2)))
    assert losses.get("non-saturating", "mean").equilibrium == pytest.approx((math.log(2), math.log(2)))
    assert losses.get("saturating").equilibrium == pytest.approx((2 * math.log(2), -math.log(2)))


def test_least_squares_loss_is_zero_when_d_is_right() -> None:
    loss = losses.get("least-squares")
    assert loss.discriminator(torch.ones(4), torch.zeros(4)) == 0
    assert loss.generator(torch.ones(4)) == 0


def test_hinge_loss_is_zero_once_each_sample_is_beyond_the_margin() -> None:
    assert losses.get("hinge").discriminator(torch.full((4,), 1.5), torch.full((4,), -2.0)) == 0


def samples(seed: int, n: int, *shape: int) -> Tensor:
    return torch.randn(n, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@both_ways
@pytest.mark.parametrize("shape", [(2,), (3, 4, 4)], ids=["points", "images"])
def test_the_loss_sensitive_margin_is_how_far_a_real_sample_is_from_its_fake(
    combine: Combine, shape: tuple[int, ...]
) -> None:
    loss, real, fake = losses.get("loss-sensitive", combine), samples(8, 50, *shape), samples(9, 50, *shape)
    apart = [sum(abs(a - b) for a, b in zip(x, y, strict=True)) / len(x)
             for x, y in zip(real.flatten(1).tolist(), fake.flatten(1).tolist(), strict=True)]  # fmt: skip
    distance = loss.distance(real, fake)
    torch.testing.assert_close(distance, torch.tensor(apart, dtype=torch.float64), rtol=1e-10, atol=1e-10)

    of_real, of_fake = logits(1, n=50), logits(2, n=50)
    share = 1 if combine == "sum" else 1 / 2
    found = loss.discriminator(of_real, of_fake, distance)
    torch.testing.assert_close(found, share * ranked(of_real, of_fake, apart)[0], rtol=1e-10, atol=1e-10)


def test_gradients_of_the_loss_sensitive_loss_are_those_of_its_margins_too() -> None:
    loss, real, fake = losses.get("loss-sensitive"), logits(3, n=20), logits(4, n=20)
    far = samples(5, 20).abs()
    inputs = real.requires_grad_(), fake.requires_grad_(), far.requires_grad_()
    assert torch.autograd.gradcheck(loss.discriminator, inputs)


def test_loss_sensitive_d_leaves_a_perfect_fake_in_peace() -> None:
    loss, x = losses.get("loss-sensitive"), samples(6, 10, 2)
    score = torch.zeros(10, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss.discriminator(score.detach(), score, loss.distance(x, x)), score)
    assert not slope.any()


@every_loss
def test_a_loss_that_compares_real_samples_with_fakes_says_so_in_the_catalogue(name: str) -> None:
    loss, x = losses.get(name), samples(7, 4, 2)
    compares = loss.distance(x, x) is not None or loss.needs_real_logits
    assert compares == LOSSES[name].compares_pairs


def test_the_relativistic_loss_depends_only_on_differences_and_needs_both_logits() -> None:
    loss, real, fake = losses.get("relativistic"), logits(1), logits(2)
    torch.testing.assert_close(loss.discriminator(real + 7, fake + 7), loss.discriminator(real, fake))
    torch.testing.assert_close(loss.generator(fake + 7, real + 7), loss.generator(fake, real))
    assert loss.equilibrium == pytest.approx((math.log(2), math.log(2)))
    with pytest.raises(ValueError, match="logits of real samples"):
        loss.generator(fake)


def test_the_loss_sensitive_loss_has_no_resting_value() -> None:
    assert losses.get("loss-sensitive").equilibrium == losses.get("loss-sensitive", "mean").equilibrium == (None, None)


def gradient_for_g(loss: Loss, logit: float) -> float:
    fake = torch.tensor([float(logit)], requires_grad=True)
    loss.generator(fake, torch.zeros(1)).backward()
    assert fake.grad is not None
    return fake.grad.item()


def test_only_the_saturating_loss_leaves_g_without_a_gradient_when_d_wins() -> None:
    assert abs(gradient_for_g(losses.get("saturating"), -20)) < 1e-8
    assert gradient_for_g(losses.get("non-saturating"), -20) == pytest.approx(-1)


@every_loss
def test_a_step_down_the_generators_loss_raises_the_score_of_fakes(name: str) -> None:
    assert gradient_for_g(losses.get(name), -1.0) < 0


@every_loss
@pytest.mark.parametrize("size", [1e4, -1e4])
@smoothings
def test_extreme_logits_give_finite_losses_and_gradients(name: str, size: float, smoothing: float) -> None:
    loss = losses.get(name, label_smoothing=smoothing)
    real, fake = (torch.full((4,), sign * size, requires_grad=True) for sign in (1, -1))
    total = loss.discriminator(real, fake) + loss.generator(fake, real)
    total.backward()
    assert total.isfinite()
    assert real.grad is not None
    assert fake.grad is not None
    assert real.grad.isfinite().all()
    assert fake.grad.isfinite().all()


@every_loss
def test_losses_without_labels_ignore_smoothing_and_those_with_labels_do_not(name: str) -> None:
    real, fake = logits(5), logits(6)
    plain, smooth = (losses.get(name, label_smoothing=s).discriminator(real, fake) for s in (0.0, 0.2))
    assert torch.equal(plain, smooth) != losses.get(name).has_labels


@every_loss
def test_the_score_is_a_probability_for_cross_entropy_and_the_logit_elsewhere(name: str) -> None:
    loss, raw = losses.get(name), logits(7)
    torch.testing.assert_close(loss.score(raw), probability(raw) if loss.is_probability else raw)


def test_an_unknown_loss_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean wasserstein"):
        losses.get("waserstein")

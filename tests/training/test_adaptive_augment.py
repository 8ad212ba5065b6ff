"""Adaptive augmentation changes each image at probability p, lets gradients through, and steers p by D's ranking."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from gan_core.training import adaptive_augment
from gan_core.training.adaptive_augment import Strength, augment, gathered, ranking, sample
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS, POINTS
from tests.support.tensors import random_images, rng

ADAPTIVE = DIGITS.with_values({"augment.adaptive": 0.6})


def p(value: float) -> Tensor:
    return torch.tensor(value)


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 7, 7)])
def test_at_p_0_images_stay_and_at_p_1_each_gets_its_own_change(shape: tuple[int, ...]) -> None:
    x = random_images(20, *shape)
    torch.testing.assert_close(augment(x, p(0), rng()), x, rtol=0, atol=1e-12)
    same = x[:1].expand(20, *shape)
    assert len(augment(same, p(1), rng()).unique(dim=0)) == 20


def test_at_p_one_half_the_seven_changes_leave_every_128th_image_as_it_is() -> None:
    x = random_images(4000, 3, 4, 4)
    unchanged = (augment(x, p(0.5), rng(1)) - x).abs().amax(dim=(1, 2, 3)) < 1e-9
    # A shift by whole pixels is none for half of the directions (0.5 of a pixel rounds to 0), so more stay.
    assert 1 / 128 * 4000 < unchanged.sum() < 1 / 32 * 4000


def test_one_change_alone_is_the_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    """With only one kind of change, an image is shifted by whole pixels, keeps its centre, or keeps its geometry."""
    x = random_images(64, 1, 16, 16)
    rand, wanted = torch.rand, 0

    def one_kind(*shape: int, **options: object) -> Tensor:
        drawn = rand(*shape, **options)
        if shape[0] == 7:  # whether each change applies
            drawn.fill_(1)[wanted] = 0
        return drawn

    monkeypatch.setattr(adaptive_augment.torch, "rand", one_kind)
    moved = augment(x, p(0.5), rng())
    reach = range(-2, 3)
    for before, after in zip(x, moved, strict=True):
        inner = after[:, 4:12, 4:12]
        shifts = [before[:, 4 + i : 12 + i, 4 + j : 12 + j] for i in reach for j in reach]
        assert any(torch.allclose(inner, shift, atol=1e-9) for shift in shifts)
    wanted = 4
    brighter = augment(x, p(0.5), rng()) - x
    assert brighter.flatten(1).std(dim=1).max() < 1e-9
    assert brighter.flatten(1).mean(dim=1).std().item() == pytest.approx(0.2, rel=0.3)
    wanted = 5
    contrasts = augment(x, p(0.5), rng()) / x
    assert contrasts.log2().flatten(1).mean(dim=1).std().item() == pytest.approx(0.5, rel=0.3)
    wanted = 6
    torch.testing.assert_close(augment(x, p(0.5), rng()), x)  # grey images have no saturation


def test_a_gradient_passes_through_every_change() -> None:
    x = random_images(2, 3, 6, 6).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: augment(x, p(1), rng(3)), (x,))


def test_the_sampler_with_a_deterministic_gradient_equals_pytorchs() -> None:
    x = random_images(4, 3, 9, 9).requires_grad_()
    grid = 3 * torch.rand(4, 9, 9, 2, dtype=torch.float64, generator=rng(2)) - 1.5  # far outside too
    one, other = sample(x, grid), gathered(x, grid)
    torch.testing.assert_close(one, other)
    weight = random_images(4, 3, 9, 9, seed=5)
    gradients = [torch.autograd.grad((y * weight).sum(), x)[0] for y in (one, other)]
    torch.testing.assert_close(*gradients)


def test_p_rises_while_d_ranks_too_many_pairs_right_and_falls_otherwise() -> None:
    strength = Strength(torch.device("cpu"))
    right = ranking(torch.tensor([1.0, 2.0, 3.0, 0.0]), torch.tensor([0.0, 0.0, 0.0, 5.0]))
    assert right == pytest.approx(0.5)
    for _ in range(10):
        strength.update(right, 0.4, 1000)
    assert strength.p == pytest.approx(0.1)
    strength.update(right, 0.6, 4000)
    assert strength.p == pytest.approx(0.06)
    for _ in range(3):
        strength.update(right, 0.6, 50_000)
    assert strength.p == 0
    for _ in range(3):
        strength.update(right, 0.4, 50_000)
    assert strength.p == 1
    strength.update(None, 0.4, 1000)
    assert strength.p == 1


def test_a_d_that_knows_its_few_digits_gets_stronger_augmentation() -> None:
    few = ADAPTIVE.with_values({"data.count": 16, "optimizer_d.lr": 2e-3, "optimizer_g.lr": 1e-6})
    trainer = Trainer(few, "cpu")
    for _ in range(60):
        trainer.step()
    assert 0 < trainer.augmentation.p <= 60 * 16 / adaptive_augment.IMAGES


def test_without_it_and_on_points_p_stays_and_no_number_is_drawn() -> None:
    for config in (DIGITS, POINTS.with_values({"augment.adaptive": 0.6})):
        trainer = Trainer(config, "cpu")
        before = trainer.rngs.augment.get_state()
        trainer.step()
        assert trainer.augmentation.under(config) is None
        assert trainer.augmentation.p == 0
        assert torch.equal(trainer.rngs.augment.get_state(), before)


def test_p_is_part_of_the_state_and_states_without_it_load() -> None:
    trainer, other = Trainer(ADAPTIVE, "cpu"), Trainer(ADAPTIVE, "cpu")
    trainer.augmentation.p.fill_(0.25)
    state = copy.deepcopy(trainer.state_dict())
    other.load_state_dict(state)
    assert other.augmentation.p == 0.25
    del state["augmentation"]
    other.load_state_dict(state)
    assert other.augmentation.p == 0

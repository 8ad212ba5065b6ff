"""DiffAugment makes its paper's changes, a different one to every image, and lets gradients through."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gan_core.config import AugmentConfig
from gan_core.training.diffaugment import CHANGES, augment
from gan_core.training.trainer import Trainer
from tests.support.small import DIGITS
from tests.support.tensors import random_images, rng

few = settings(max_examples=30, deadline=None)
every_change = pytest.mark.parametrize("name", list(CHANGES))
draws = given(
    channels=st.sampled_from([1, 3]),
    height=st.integers(4, 17),
    width=st.integers(4, 17),
    share=st.floats(0.01, 0.5),
    seed=st.integers(0, 1000),
)


def shifted(picture: Tensor, down: int, right: int) -> Tensor:
    """The picture (C, H, W) moved so many pixels, one by one, over a ground of zeros."""
    moved = torch.zeros_like(picture)
    _, height, width = picture.shape
    for i in range(height):
        for j in range(width):
            if 0 <= i - down < height and 0 <= j - right < width:
                moved[:, i, j] = picture[:, i - down, j - right]
    return moved


@few
@draws
def test_translation_moves_whole_pixels_and_zeros_come_in(
    channels: int, height: int, width: int, share: float, seed: int
) -> None:
    x = random_images(2, channels, height, width, seed=seed)
    reach = [range(-round(share * side), round(share * side) + 1) for side in (height, width)]
    for before, after in zip(x, CHANGES["translation"](x, share, rng(seed)), strict=True):
        assert any(torch.equal(after, shifted(before, down, right)) for down in reach[0] for right in reach[1])


@few
@draws
def test_cutout_blanks_one_square_of_its_share_and_nothing_else(
    channels: int, height: int, width: int, share: float, seed: int
) -> None:
    x = random_images(2, channels, height, width, seed=seed) + 10
    for before, after in zip(x, CHANGES["cutout"](x, share, rng(seed)), strict=True):
        blank = (after == 0).all(dim=0)
        assert torch.equal(after, torch.where(blank, 0, before))
        rows, columns = blank.any(dim=1), blank.any(dim=0)
        assert torch.equal(blank, rows[:, None] & columns)
        for line, side in ((rows, height), (columns, width)):
            place = line.nonzero().flatten()
            size = max(1, round(share * side))
            assert 0 < len(place) <= size
            assert place[-1] - place[0] == len(place) - 1  # without a gap
            assert len(place) == size or place[0] == 0 or place[-1] == side - 1  # cut off by the edge alone


def test_a_square_inside_the_picture_is_as_large_as_the_papers() -> None:
    blank = CHANGES["cutout"](torch.ones(200, 1, 28, 28), 0.5, rng()) == 0
    assert blank.sum(dim=(1, 2, 3)).max() == 14 * 14


@few
@given(channels=st.sampled_from([1, 3]), amount=st.floats(0.01, 1), seed=st.integers(0, 1000))
def test_color_is_the_papers_brightness_then_saturation_then_contrast(channels: int, amount: float, seed: int) -> None:
    x = random_images(2, channels, 3, 3, seed=seed)
    source = rng(seed)
    brightness, saturation, contrast = (
        torch.empty(2, dtype=torch.float64).reshape(2, 1, 1, 1).uniform_(-reach, reach, generator=source).flatten()
        for reach in (0.5, 1, 0.5)
    )
    wanted = x.clone()
    for n in range(2):
        wanted[n] += amount * brightness[n]
        for i in range(3):
            for j in range(3):
                grey = sum(wanted[n, :, i, j].tolist()) / channels
                wanted[n, :, i, j] = grey + (wanted[n, :, i, j] - grey) * (1 + amount * saturation[n])
        middle = sum(wanted[n].flatten().tolist()) / wanted[n].numel()
        wanted[n] = middle + (wanted[n] - middle) * (1 + amount * contrast[n])
    found = CHANGES["color"](x, amount, rng(seed))
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)


@every_change
def test_a_gradient_passes_through_every_change(name: str) -> None:
    x = random_images(2, 3, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: CHANGES[name](x, 0.5, rng(3)), (x,))
    assert torch.autograd.gradgradcheck(lambda x: CHANGES[name](x, 0.5, rng(3)), (x,))


@every_change
def test_every_image_gets_a_change_of_its_own(name: str) -> None:
    same = random_images(1, 3, 16, 16).expand(32, 3, 16, 16)
    assert len(CHANGES[name](same, 0.5, rng()).unique(dim=0)) > 20


@every_change
def test_a_change_draws_from_the_given_generator_alone(name: str) -> None:
    x, before = random_images(4, 3, 8, 8), torch.random.get_rng_state()
    assert torch.equal(CHANGES[name](x, 0.5, rng(1)), CHANGES[name](x, 0.5, rng(1)))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_without_augmentation_and_on_points_nothing_happens() -> None:
    all_of_it, source = AugmentConfig(translation=0.125, cutout=0.5, color=1), rng()
    before, x, points = source.get_state(), random_images(2, 1, 8, 8), random_images(5, 2)
    assert augment(x, AugmentConfig(), source) is x
    assert augment(points, all_of_it, source) is points
    assert torch.equal(source.get_state(), before)
    assert augment(x, all_of_it, source) is not x


def test_d_sees_real_and_fake_changed_in_its_step_and_in_gs() -> None:
    trainer = Trainer(DIGITS.with_values({"augment.cutout": 0.5}), "cpu")
    seen: list[Tensor] = []
    trainer.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    trainer.step()
    assert len(seen) == 3  # real, fake, and G's fakes
    for batch in seen:
        assert ((batch == 0).sum(dim=(1, 2, 3)) >= 7 * 7).all()


def test_augmentation_may_be_turned_on_while_a_run_trains() -> None:
    plain, changed = Trainer(DIGITS, "cpu"), Trainer(DIGITS, "cpu")
    assert torch.equal(plain.step().values, changed.step().values)
    changed.load_state_dict(copy.deepcopy(plain.state_dict()))
    changed.update(DIGITS.with_values({"augment.color": 1}))
    assert not torch.equal(plain.step().values, changed.step().values)

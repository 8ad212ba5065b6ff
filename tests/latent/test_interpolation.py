"""Interpolation, paths, arithmetic, resampling and the text form of latents."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gan_core import latent
from gan_core.system.random_streams import stream
from gan_core.training.trainer import Trainer
from tests.support.small import VARIANTS

T = torch.linspace(0, 1, 11)


def some(n: int, size: int = 16, seed: int = 0) -> Tensor:
    return torch.empty(n, size).normal_(generator=stream(seed, "test"))


def angles(path: Tensor) -> Tensor:
    """The angles between successive points."""
    return torch.nn.functional.cosine_similarity(path[1:].double(), path[:-1].double()).clamp(-1, 1).arccos()


# ---- slerp and lerp --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [latent.slerp, latent.lerp])
@pytest.mark.parametrize("size", [1, 2, 512])
def test_interpolation_hits_both_ends_exactly(between, size: int) -> None:  # type: ignore[no-untyped-def]
    a, b = some(2, size)
    path = between(a, b, T)
    assert path.shape == (11, size)
    assert torch.equal(path[0], a)
    assert torch.equal(path[-1], b)


def test_slerp_interpolates_the_norm_linearly() -> None:
    a, b = some(2)
    expected = a.norm() + T * (b.norm() - a.norm())
    assert torch.allclose(latent.slerp(a, b, T).norm(dim=1), expected, rtol=1e-5)
    assert latent.lerp(a, b, T).norm(dim=1)[5] < 0.9 * expected[5]  # a straight line comes closer to 0


def test_slerp_turns_by_equal_angles_in_the_plane_of_its_ends() -> None:
    a, b = some(2)
    path = latent.slerp(a, b, T)
    steps = angles(path)
    assert torch.allclose(steps, steps.mean().expand(10), atol=1e-4)
    assert torch.linalg.matrix_rank(torch.stack((a, b, path[3], path[7])), rtol=1e-4) == 2


def test_slerp_between_opposite_vectors_keeps_the_norm() -> None:
    a = some(1)[0]
    path = latent.slerp(a, -a, T)
    assert torch.allclose(path.norm(dim=1), a.norm().expand(11), rtol=1e-5)
    assert float(angles(path).sum()) == pytest.approx(math.pi, rel=1e-4)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(torch.zeros(4), torch.ones(4), id="from zero"),
        pytest.param(torch.zeros(4), torch.zeros(4), id="zero to zero"),
        pytest.param(torch.tensor([2.0]), torch.tensor([-1.0]), id="a latent of one number"),
    ],
)
def test_slerp_is_linear_for_zero_vectors_and_z_size_1(a: Tensor, b: Tensor) -> None:
    assert torch.allclose(latent.slerp(a, b, T), latent.lerp(a, b, T))


def test_slerp_between_nearly_equal_vectors_is_stable() -> None:
    a = some(1)[0]
    for b in (a, 2 * a, a + 1e-6):
        path = latent.slerp(a, b, T)
        assert path.isfinite().all()
        assert float(angles(path).max()) < 1e-3


# ---- paths -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["spherical", "linear"])
def test_an_open_path_passes_every_point(kind: str) -> None:
    points = some(4)
    path = latent.path(points, 31, kind)  # type: ignore[arg-type]
    assert path.shape == (31, 16)
    assert torch.equal(path[[0, 10, 20, 30]], points)


@pytest.mark.parametrize("kind", ["spherical", "linear"])
@pytest.mark.parametrize("k", [2, 3, 8])
def test_a_loop_closes_smoothly(kind: str, k: int) -> None:
    path = latent.path(some(k), 60 * k, kind, loop=True)  # type: ignore[arg-type]
    steps = torch.diff(torch.cat((path, path[:2])), dim=0)
    assert len(path) == 60 * k
    assert not torch.equal(path[-1], path[0])  # a video that repeats would pause there
    jolts = steps.diff(dim=0).norm(dim=1)
    assert float(jolts.max()) < 0.12 * float(steps.norm(dim=1).max())  # no step differs much from the one before


@pytest.mark.parametrize(("points", "frames"), [(1, 10), (9, 10), (2, 0)])
def test_a_path_with_too_few_or_too_many_points_is_an_error(points: int, frames: int) -> None:
    with pytest.raises(ValueError, match=r"path needs (2 to 8 points|at least one frame)"):
        latent.path(some(points), frames)


# ---- arithmetic, draws, locks ----------------------------------------------------------------------------------------


def test_arithmetic_uses_means() -> None:
    a, b, c = some(3, seed=1), some(2, seed=2), some(1, seed=3)
    assert torch.allclose(latent.arithmetic(a, b, c), a.mean(0) - b.mean(0) + c[0])
    assert torch.equal(latent.arithmetic(a[:0], b[:0], c), c[0])


@pytest.mark.parametrize("name", ["digits", "lazy R1"])  # normal and uniform
def test_draw_gives_the_latents_of_the_trainer(name: str) -> None:
    trainer = Trainer(VARIANTS[name], "cpu")
    model = latent.Weights.of(trainer).model("it")
    assert torch.equal(trainer.decode(latent.draw(model, 5, seed=7)), trainer.generate(5, seed=7))


def test_resample_keeps_locked_coordinates_only() -> None:
    model = latent.Weights.of(Trainer(VARIANTS["digits"], "cpu")).model("digits")
    z = some(1, model.z_size)[0]
    fresh = latent.resample(z, [0, 3], 5, model)
    kept = fresh == z
    assert kept.nonzero().flatten().tolist() == [0, 3]
    assert torch.equal(fresh, latent.resample(z, [0, 3], 5, model))


def test_resample_without_locks_equals_draw_and_with_all_locks_keeps_z() -> None:
    model = latent.Weights.of(Trainer(VARIANTS["digits"], "cpu")).model("digits")
    z = some(1, model.z_size)[0]
    assert torch.equal(latent.resample(z, [], 5, model), latent.draw(model, 1, 5)[0])
    assert torch.equal(latent.resample(z, range(model.z_size), 5, model), z)


# ---- text ------------------------------------------------------------------------------------------------------------


@given(
    st.sampled_from([16, 32]).flatmap(
        lambda width: st.lists(st.floats(-1000, 1000, width=width), min_size=1, max_size=64)
    )
)
def test_a_latent_survives_a_round_trip_through_text(numbers: list[float]) -> None:
    z = torch.tensor(numbers)
    text = latent.to_text(z)
    assert torch.equal(latent.from_text(text, len(z)), z)
    assert not set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_512_numbers_fit_a_url_with_half_precision() -> None:
    assert len(latent.to_text(some(1, 512)[0].half().float())) < 1400


@given(st.text(max_size=40))
def test_any_other_text_is_one_clear_error(text: str) -> None:
    try:
        z = latent.from_text(text, 4)
    except ValueError as error:
        assert str(error).startswith("this text is no latent")  # noqa: PT017
    else:
        assert z.shape == (4,)
        assert np.isfinite(z.numpy()).all()


def test_wrong_lengths_and_numbers_that_are_not_finite_are_errors() -> None:
    with pytest.raises(ValueError, match="no latent of 5 numbers: it is too short"):
        latent.from_text(latent.to_text(torch.zeros(4)), 5)
    with pytest.raises(ValueError, match="NaN or infinity"):
        latent.to_text(torch.tensor([torch.inf]))
    with pytest.raises(ValueError, match="NaN or infinity"):
        latent.from_text("AHw", 1)  # 0x7c00, which is infinity

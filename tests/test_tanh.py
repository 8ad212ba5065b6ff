"""tanh by way of the sigmoid: the same numbers but for rounding, forwards, backwards and twice backwards."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gan_core.models import products, tanh
from gan_core.models.tanh import SMALL, Tanh


@pytest.fixture(params=[True, False], ids=["sigmoid", "torch's own"])
def by_sigmoid(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(tanh, "sigmoid_is_faster", lambda: request.param)
    return bool(request.param)


def went_by_sigmoid(y: Tensor) -> bool:
    return "Sub" in type(y.grad_fn).__name__


def test_values_and_gradients_are_those_of_float64(by_sigmoid: bool) -> None:
    x = torch.linspace(-20, 20, 100_001, requires_grad=True)
    y = Tanh()(x)
    assert went_by_sigmoid(y) == by_sigmoid
    exact = x.detach().double().tanh()
    assert (y - exact).abs().max() < 2e-7
    assert y.abs().max() <= 1
    (slope,) = torch.autograd.grad(y.sum(), x)
    assert (slope - (1 - exact**2)).abs().max() < 4e-7


def test_pictures_come_out_in_the_layout_in_which_they_came(by_sigmoid: bool) -> None:
    x = torch.randn(6, 3, 64, 64).to(memory_format=torch.channels_last)
    before = x.clone()
    assert Tanh()(x).is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x, before)


def test_a_gradient_has_a_gradient(by_sigmoid: bool) -> None:
    x = torch.linspace(-3, 3, SMALL, requires_grad=True)
    (slope,) = torch.autograd.grad(Tanh()(x).sum(), x, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), x)
    t = x.detach().double().tanh()
    assert (bend - -2 * t * (1 - t**2)).abs().max() < 1e-6


def test_samples_few_numbers_other_precisions_and_recorded_graphs_stay_with_torch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tanh, "sigmoid_is_faster", lambda: True)
    x = torch.randn(SMALL, requires_grad=True)
    assert went_by_sigmoid(Tanh()(x))
    for y in Tanh().eval()(x), Tanh()(x[1:]), Tanh()(x.double()), Tanh()(x.bfloat16()):
        assert not went_by_sigmoid(y)
    program = torch.export.export(Tanh(), (x,)).graph_module.code
    assert "tanh" in program
    assert "sigmoid" not in program


@pytest.mark.parametrize(
    ("told", "mkl", "faster"),
    [("AuthenticAMD", True, True), ("AuthenticAMD", False, False), ("GenuineIntel", True, False)],
)
def test_the_sigmoid_is_taken_where_mkl_is_slow(
    monkeypatch: pytest.MonkeyPatch, told: str, mkl: bool, faster: bool
) -> None:
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: mkl)
    monkeypatch.setattr(products, "_processor", lambda: told)
    assert tanh.sigmoid_is_faster.__wrapped__() == faster

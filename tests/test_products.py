"""Matrix products in another library: the same numbers but for rounding, forwards, backwards and twice backwards."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gan_core.models import products
from gan_core.models.products import SMALL, Linear

INPUTS, OUTPUTS = 256, 512
ROWS = SMALL // (INPUTS * OUTPUTS)
onednn = pytest.mark.skipif(
    not hasattr(torch.ops.mkldnn, "_linear_pointwise"), reason="this build of torch has no oneDNN"
)


@pytest.fixture(params=[True, False], ids=["oneDNN", "torch's own"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(products, "onednn_is_faster", lambda: request.param)
    return bool(request.param)


def layer(bias: bool = True) -> Linear:
    torch.manual_seed(0)
    return Linear(INPUTS, OUTPUTS, bias)


def used_onednn(y: Tensor) -> bool:
    function = y.grad_fn
    assert function is not None
    steps = [function, *(before for before, _ in function.next_functions if before is not None)]
    return any("_InOneDnn" in type(step).__name__ for step in steps)


@onednn
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(ROWS, INPUTS), (4, ROWS, INPUTS)])
def test_values_and_gradients_are_those_of_float64(library: bool, shape: tuple[int, ...], bias: bool) -> None:
    ours = layer(bias)
    exact = nn.Linear(INPUTS, OUTPUTS, bias, dtype=torch.float64)
    exact.load_state_dict(ours.state_dict())
    x = torch.randn(shape, requires_grad=True)
    x64 = x.detach().double().requires_grad_()
    y, y64 = ours(x), exact(x64)
    assert used_onednn(y) == library
    torch.testing.assert_close(y.double(), y64, rtol=1e-5, atol=1e-5)
    for along in torch.randn(y.shape), torch.ones(()).expand(y.shape):  # a mean's gradient is one number, seen often
        mine = torch.autograd.grad(y, [x, *ours.parameters()], along, retain_graph=True)
        theirs = torch.autograd.grad(y64, [x64, *exact.parameters()], along.double(), retain_graph=True)
        for a, b in zip(mine, theirs, strict=True):
            torch.testing.assert_close(a.double(), b, rtol=1e-5, atol=1e-3)


@onednn
def test_a_gradient_of_a_gradient_as_penalties_take_it(library: bool) -> None:
    ours = layer()
    exact = nn.Linear(INPUTS, OUTPUTS, dtype=torch.float64)
    exact.load_state_dict(ours.state_dict())

    def penalty_gradients(network: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
        x.requires_grad_()
        (slope,) = torch.autograd.grad(network(x).tanh().sum(), x, create_graph=True)
        return torch.autograd.grad(slope.square().sum(1).mean(), network.parameters())

    x = torch.randn(ROWS, INPUTS)
    mine = penalty_gradients(ours, x.clone())
    theirs = penalty_gradients(exact, x.double())
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-4, atol=1e-6)


@onednn
def test_small_products_other_precisions_and_recorded_graphs_stay_with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "onednn_is_faster", lambda: True)
    x = torch.randn(ROWS, INPUTS)
    assert used_onednn(layer()(x))
    assert not used_onednn(layer()(x[1:]))
    assert not used_onednn(layer().double()(x.double()))
    with torch.autocast("cpu", torch.bfloat16):
        assert layer()(x).dtype == torch.bfloat16
    program = torch.export.export(layer(), (x,)).graph_module.code
    assert "linear" in program
    assert "mkldnn" not in program


@pytest.mark.parametrize(
    ("told", "capability", "faster"),
    [("AuthenticAMD", "AVX512", True), ("AuthenticAMD", "AVX2", False), ("GenuineIntel", "AVX512", False)],
)
def test_onednn_is_taken_where_mkl_holds_back(
    monkeypatch: pytest.MonkeyPatch, told: str, capability: str, faster: bool
) -> None:
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(products, "_processor", lambda: told)
    assert products.onednn_is_faster.__wrapped__() == faster


def test_the_processor_is_known_without_its_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise OSError("no such file")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert isinstance(products._processor(), str)

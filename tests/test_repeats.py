"""What a recorded graph computes twice is computed once, and comes to the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, fx
from torch.func import functionalize
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.functional import leaky_relu, relu

from gan_core.repeats import Once
from gan_core.second_order import input_gradients
from tests.chance import cases

aten = torch.ops.aten
PRODUCTS = aten.mm.default, aten.addmm.default


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


EXAMPLES = normal(7, 3), normal(5, 3), normal(6, 5), normal(1, 6)  # x, and the weights of D's layers


def products(graph: fx.GraphModule) -> int:
    return sum(node.target in PRODUCTS for node in graph.graph.nodes)


def graphs(function: Callable[..., list[Tensor]], *examples: Tensor) -> list[fx.GraphModule]:
    """As recorded; nothing twice; and with rows' factors apart, too."""
    recorded = make_fx(functionalize(make_fx(function)(*examples)))(*examples)  # nothing in place
    return [recorded, *(make_fx(Once(recorded, factored).run)(*examples) for factored in (False, True))]


def same(first: fx.GraphModule, *others: fx.GraphModule, examples: Sequence[Tensor] = EXAMPLES) -> bool:
    """Whether all compute the first one's numbers, but for rounding."""
    for graph in others:
        torch.testing.assert_close(graph(*examples), first(*examples), rtol=1e-10, atol=1e-10)
    return True


def gradients_of_d(bend: Callable[..., Tensor], weight: float) -> Callable[..., list[Tensor]]:
    """The gradient of a loss on D's scores and of R1, for a D of two layers and their weights."""

    def compute(x: Tensor, v: Tensor, w: Tensor, u: Tensor) -> list[Tensor]:
        leaves = [weights.detach().requires_grad_() for weights in (v, w, u)]

        def d(x: Tensor) -> Tensor:
            for weights in leaves[:-1]:
                x = bend(x @ weights.t(), inplace=True)
            return (x @ leaves[-1].t()).flatten()

        with torch.enable_grad():
            loss = torch.nn.functional.softplus(-d(x)).mean()
            if weight:
                loss = loss + weight * input_gradients(d, x).square().sum(1).mean()
            return [loss.detach(), *torch.autograd.grad(loss, leaves)]

    return compute


def test_a_loss_and_r1_share_one_way_back() -> None:
    """Forward 3 products, back to x 2, through that again 1, gradients of weights 3."""
    recorded, once, factored = graphs(gradients_of_d(leaky_relu, 0.5), *EXAMPLES)
    assert [products(graph) for graph in (recorded, once, factored)] == [19, 16, 9]
    assert same(recorded, once, factored)


def test_a_kind_of_bend_whose_way_back_is_another_is_computed_all_the_same() -> None:
    assert same(*graphs(gradients_of_d(relu, 0.5), *EXAMPLES))


def test_without_r1_factors_spare_no_large_product() -> None:
    _, once, factored = graphs(gradients_of_d(leaky_relu, 0), *EXAMPLES)
    assert products(factored) == products(once) - 1  # that of the scores' gradients by D's last row of weights
    assert same(once, factored)


def test_what_is_asked_twice_is_computed_once() -> None:
    recorded, once, _ = graphs(
        lambda a, b: [a @ b + (a @ b).detach(), a @ b * 2, a @ b * 2.0], normal(4, 4), normal(4, 3)
    )
    assert products(recorded) == 4
    assert products(once) == 1
    assert sum(node.target is aten.mul.Tensor for node in once.graph.nodes) == 2  # a 2 is no 2.0


@cases(60, 2000)
@given(st.lists(st.sampled_from("tmwcbasd"), max_size=12))
def test_whatever_is_done_with_a_factored_matrix_comes_to_the_same(steps: list[str]) -> None:
    """Laid on its side, multiplied by a matrix, by one on its side, summed up by columns, bent back, added to itself,
    subtracted from itself in part, put through a sine."""

    def compute(s: Tensor, row: Tensor, other: Tensor) -> list[Tensor]:
        x = s @ row
        for step in steps:
            if step == "t":
                x = x.t()
            elif step == "m":
                x = x @ other[: x.shape[1], : x.shape[1]]
            elif step == "w":
                x = x @ other[: x.shape[1], : x.shape[1]].t()
            elif step == "c":
                x = other[: x.shape[0], :1].t() @ x
            elif step == "b":
                x = aten.leaky_relu_backward(x, other[: x.shape[0], : x.shape[1]], 0.2, False)
            elif step == "a":
                x = x + x
            elif step == "s":
                x = torch.add(x, x, alpha=-0.3)
            else:
                x = x.sin()
        return [x]

    examples = normal(4, 1), normal(1, 5), normal(6, 6)
    assert same(*graphs(compute, *examples), examples=examples)

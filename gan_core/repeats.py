"""A recorded graph with what it computes twice computed once, as numbers and as matrices.

Whatever a loss depends on by way of D's score of sample i alone, its gradient is that of the score times one number,
row i's. R1 follows the score's own gradient back through D, so a loss on the same samples needs no way back of its own,
nor products of its own for the gradients of the weights, if rows' factors are kept apart for as long as they can be:

    (diag(s) A) B = diag(s) (A B)        (diag(s) A)' B = A' (diag(s) B)        A' B + A' C = A' (B + C)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

aten = torch.ops.aten


@dataclass(frozen=True)
class _Scaled:
    """diag(factors) rows: (N, 1) times (N, M)."""

    factors: Tensor
    rows: Any


@dataclass(frozen=True)
class _Transposed:
    """What a matrix or one of these stands for, on its side."""

    of: Any


@dataclass(frozen=True)
class _Products:
    """The sum of A' B over pairs of A (N, K) and B (N, M), each A once."""

    pairs: tuple[tuple[Tensor, Tensor], ...]


class Once(fx.Interpreter):
    """Runs a graph, which must change no tensor in place and draw no random numbers, and computes nothing twice.

    Args:
        factored: keep rows' factors apart. It spares products if any are alike but for factors; else it is a detour.
    """

    def __init__(self, graph: fx.GraphModule, factored: bool) -> None:
        super().__init__(graph)
        self._factored = factored
        self._known: dict[Hashable, tuple[Any, Any]] = {}  # what was asked, kept so that no other takes its place

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        if self._factored and target in _RULES and (made := _RULES[target](self, *args, **kwargs)) is not None:
            return made
        return self.once(target, *args, **kwargs)

    def output(self, target: Any, args: Any, kwargs: Any) -> Any:
        return fx.node.map_aggregate(args[0], self.plain)

    def once(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What the function makes of these, computed now or known already."""
        if target in _THE_SAME:
            return args[0]
        args, kwargs = fx.node.map_aggregate((args, kwargs), self.plain)
        asked = target, _identity(args), _identity(tuple(kwargs.items()))
        if asked not in self._known:
            self._known[asked] = target(*args, **kwargs), (args, kwargs)
        return self._known[asked][0]

    def plain(self, value: Any) -> Any:
        """The tensor that a value stands for; any other value as it is."""
        if isinstance(value, _Scaled):
            return self.once(aten.mul.Tensor, value.rows, value.factors)
        if isinstance(value, _Transposed):
            return self.once(aten.t.default, value.of)
        if isinstance(value, _Products):
            first, *rest = (self.once(aten.mm.default, _Transposed(a), b) for a, b in value.pairs)
            for product in rest:
                first = self.once(aten.add.Tensor, first, product)
            return first
        return value

    # ---- what is known of rows' factors, each None where nothing is ------------------------------------------------

    def transpose(self, a: Any) -> Any:
        return a.of if isinstance(a, _Transposed) else _Transposed(a)

    def multiply(self, a: Any, b: Any) -> Any:
        if isinstance(a, _Scaled):
            return _Scaled(a.factors, self.once(aten.mm.default, a.rows, b))
        if isinstance(a, _Transposed) and isinstance(a.of, _Scaled):
            return _Products(((a.of.rows, self.once(aten.mul.Tensor, b, a.of.factors)),))
        a, b = self.plain(a), self.plain(b)
        if a.shape[1] == 1:
            # By its strides, for which the compiler writes them down; else it would find them anew for each product.
            a = self.once(aten.as_strided.default, a, tuple(a.shape), a.stride())
            return _Scaled(a, self.once(aten.expand.default, b, (len(a), b.shape[1])))
        return None

    def bend(self, target: Callable[..., Tensor], gradient: Any, *rest: Any) -> Any:
        """The gradient by what went into a ReLU: linear in the one by what came out."""
        if isinstance(gradient, _Scaled):
            return _Scaled(gradient.factors, self.once(target, gradient.rows, *rest))
        return None

    def add(self, a: Any, b: Any, alpha: float = 1) -> Any:
        if not (isinstance(a, _Products) and isinstance(b, _Products) and alpha == 1):
            return None
        sums = dict[int, tuple[Tensor, Tensor]]()
        for left, right in (*a.pairs, *b.pairs):
            have = sums.get(id(left))
            sums[id(left)] = left, right if have is None else self.once(aten.add.Tensor, have[1], right)
        return _Products(tuple(sums.values()))


_RULES: dict[Any, Callable[..., Any]] = {
    aten.t.default: Once.transpose,
    aten.mm.default: Once.multiply,
    aten.add.Tensor: Once.add,
    aten.leaky_relu_backward.default: lambda run, *args: run.bend(aten.leaky_relu_backward.default, *args),
    aten.threshold_backward.default: lambda run, *args: run.bend(aten.threshold_backward.default, *args),
}
_THE_SAME = aten.detach.default, aten.alias.default


def _identity(value: Any) -> Hashable:
    """Equal for values that are the same tensors, or equal numbers of one type."""
    if isinstance(value, tuple | list):
        return tuple(map(_identity, value))
    return id(value) if isinstance(value, Tensor) else (type(value), value)

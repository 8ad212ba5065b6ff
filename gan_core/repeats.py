"""A recorded graph with what it computes twice computed once, as numbers and as matrices.

Whatever a loss depends on by way of D's score of sample i alone, its gradient is that of the score times one number,
row i's. R1 follows the score's own gradient back through D, so a loss on the same samples needs no way back of its own,
nor products of its own for the gradients of the weights, if the factors of rows and of columns are kept apart for as
long as they can be:

    (diag(s) A diag(t)) B = diag(s) (A (diag(t) B))        (diag(s) A diag(t))' B = diag(t) A' (diag(s) B)
    A' B + A' C = A' (B + C)

And the gradient of D's last weights needs none where that of the weights W before has been computed (* by elements):

    1' (A * (B W')) = ((A' B) * W) 1
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import torch
from torch import Tensor, fx

aten = torch.ops.aten


@dataclass(frozen=True)
class _Scaled:
    """diag(left) rows diag(right): (N, 1), (N, M) and (1, M)."""

    left: Tensor
    rows: Any
    right: Tensor | None = None


@dataclass(frozen=True)
class _Transposed:
    """What a matrix or one of these stands for, on its side."""

    of: Any


@dataclass(frozen=True)
class _Gradient:
    """diag(right) times the sum of A' diag(s) B over A (N, K), s (N, 1) and B (N, M): the gradient of weights."""

    terms: tuple[tuple[Tensor, Tensor, Tensor], ...]
    right: Tensor | None


@dataclass(frozen=True)
class _Product:
    """a W'."""

    a: Tensor
    weights: Tensor


@dataclass(frozen=True)
class _Bent:
    """The gradient by what went into a ReLU: that by what came out, where it is a product, times the ReLU's slopes."""

    target: Callable[..., Tensor]
    gradient: _Product
    rest: tuple[Any, ...]


@dataclass(frozen=True)
class _Sums:
    """left' times each of these, (N, 1) and (N, K), and all of it added."""

    of: tuple[tuple[Tensor, _Bent], ...]
    others: tuple[Any, ...] = ()


class Once(fx.Interpreter):
    """Runs a graph, which must change no tensor in place and draw no random numbers, and computes nothing twice.

    Args:
        factored: keep factors of rows and columns apart. It spares products if any are alike but for factors; else it
            is a detour.
    """

    def __init__(self, graph: fx.GraphModule, factored: bool) -> None:
        super().__init__(graph)
        self._factored = factored
        self._known: dict[Hashable, tuple[Any, Any]] = {}  # what was asked, kept so that no other takes its place
        self._gradients: dict[int, tuple[Any, list[Any]]] = {}  # A' (B + ...) by A, kept with A

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

    def knows(self, target: Callable[..., Any], *args: Any) -> bool:
        """Whether that has been computed."""
        return (target, _identity(args), ()) in self._known

    def plain(self, value: Any) -> Any:
        """The tensor that a value stands for; any other value as it is."""
        write = _WRITTEN.get(type(value))
        return value if write is None else write(self, value)

    def _scaled(self, value: _Scaled) -> Tensor:
        rows = value.rows if value.right is None else self.once(aten.mul.Tensor, value.rows, value.right)
        return self.once(aten.mul.Tensor, rows, value.left)

    def _gradient(self, value: _Gradient) -> Tensor:
        factors = dict[int, list[tuple[Tensor, Tensor, Tensor]]]()
        for term in value.terms:
            factors.setdefault(id(term[0]), []).append(term)
        products = []
        for terms in factors.values():
            rows = self._added([self.once(aten.mul.Tensor, b, s) for _, s, b in terms])
            products.append(self.once(aten.mm.default, _Transposed(terms[0][0]), rows))
            self._gradients[id(terms[0][0])] = products[-1], terms
        total = self._added(products)
        return total if value.right is None else self.once(aten.mul.Tensor, total, _Transposed(value.right))

    def _sums(self, value: _Sums) -> Tensor:
        return self._added([*(self._sum(left, bent) for left, bent in value.of), *value.others])

    def _sum(self, left: Tensor, bent: _Bent) -> Tensor:
        """1' (A * (B W')) by a gradient A' (B + C) of W, if there is one, less 1' (A * (C W')) if C W' is known."""
        b, weights = bent.gradient.a, bent.gradient.weights
        product, terms = self._gradients.get(id(self._slopes(bent)), (None, []))
        others = [(s, c) for _, s, c in terms if s is not left or c is not b]
        across = self.once(aten.t.default, weights)
        if len(others) != len(terms) - 1 or not all(self.knows(aten.mm.default, c, across) for _, c in others):
            return self.once(aten.mm.default, _Transposed(left), self._bent(bent))
        made = self.once(aten.sum.dim_IntList, self.once(aten.mul.Tensor, product, weights), [1])
        for s, c in others:
            rows = self.once(aten.mul.Tensor, self._slopes(bent), self.once(aten.mm.default, c, across))
            lost = self.once(aten.sum.dim_IntList, self.once(aten.mul.Tensor, rows, s), [0])
            made = self.once(aten.sub.Tensor, made, lost)
        return self.once(aten.unsqueeze.default, made, 0)

    def _bent(self, value: _Bent) -> Tensor:
        return self.once(value.target, value.gradient, *value.rest)

    def _slopes(self, bent: _Bent) -> Tensor:
        return self.once(bent.target, self._ones(*bent.rest[0].shape, dtype=bent.rest[0].dtype), *bent.rest)

    def _added(self, values: list[Any]) -> Tensor:
        return reduce(partial(self.once, aten.add.Tensor), values)

    def _ones(self, *shape: int, dtype: torch.dtype) -> Tensor:
        ones: Tensor = self.once(torch.ones, *shape, dtype=dtype)
        return ones

    # ---- what is known of factors, each None where nothing is -------------------------------------------------------

    def transpose(self, a: Any) -> Any:
        return a.of if isinstance(a, _Transposed) else _Transposed(a)

    def multiply(self, a: Any, b: Any) -> Any:
        """By the formulas above. A product by weights on their side waits for what is done with it."""
        across = a.of if isinstance(a, _Transposed) else None
        if isinstance(a, _Scaled):
            b = b if a.right is None else self.once(aten.mul.Tensor, b, _Transposed(a.right))
            return _Scaled(a.left, self.once(aten.mm.default, a.rows, b))
        if isinstance(across, _Scaled):
            return _Gradient(((across.rows, across.left, self.plain(b)),), across.right)
        if isinstance(b, _Bent) and isinstance(across, Tensor) and across.shape[1] == 1:
            return _Sums(((self._column(across), b),))
        if isinstance(b, _Transposed) and isinstance(b.of, Tensor):
            return _Product(self.plain(a), b.of)
        a, b = self.plain(a), self.plain(b)  # a column times a row is a matrix of ones with factors
        return _Scaled(self._column(a), self._ones(len(a), b.shape[1], dtype=b.dtype), b) if a.shape[1] == 1 else None

    def multiply_added(self, x: Any, a: Any, b: Any, *, beta: float = 1, alpha: float = 1) -> Any:
        """A product and a bias apart from each other, so that the product is known."""
        return self.once(_and_bias, self.once(aten.mm.default, a, b), x) if beta == alpha == 1 else None

    def bend(self, target: Callable[..., Tensor], gradient: Any, *rest: Any) -> Any:
        """The gradient by what went into a ReLU: linear in the one by what came out."""
        if isinstance(gradient, _Scaled):
            return _Scaled(gradient.left, self.once(target, gradient.rows, *rest), gradient.right)
        return _Bent(target, gradient, rest) if isinstance(gradient, _Product) else None

    def add(self, a: Any, b: Any, alpha: float = 1) -> Any:
        if alpha != 1:
            return None
        if isinstance(a, _Gradient) and isinstance(b, _Gradient) and a.right is b.right:
            return _Gradient((*a.terms, *b.terms), a.right)
        if isinstance(a, _Sums) or isinstance(b, _Sums):
            parts = [x if isinstance(x, _Sums) else _Sums((), (x,)) for x in (a, b)]
            return _Sums((*parts[0].of, *parts[1].of), (*parts[0].others, *parts[1].others))
        return None

    def _column(self, a: Tensor) -> Tensor:
        """By its strides, for which the compiler writes it down; else it would find it anew for each product."""
        column: Tensor = self.once(aten.as_strided.default, a, tuple(a.shape), a.stride())
        return column


def _and_bias(product: Tensor, x: Tensor) -> Tensor:
    """Not as a sum of matrices, of which the compiler would make one call that first copies the bias to each row."""
    return (product[None] + x)[0]


_WRITTEN: dict[type, Callable[..., Tensor]] = {
    _Scaled: Once._scaled,
    _Transposed: lambda run, value: run.once(aten.t.default, value.of),
    _Gradient: Once._gradient,
    _Product: lambda run, value: run.once(aten.mm.default, value.a, _Transposed(value.weights)),
    _Bent: Once._bent,
    _Sums: Once._sums,
}
_RULES: dict[Any, Callable[..., Any]] = {
    aten.t.default: Once.transpose,
    aten.mm.default: Once.multiply,
    aten.addmm.default: Once.multiply_added,
    aten.add.Tensor: Once.add,
    # The last says whether x is what came out: it has the same sign as what went in.
    aten.leaky_relu_backward.default: lambda run, gradient, x, slope, _: run.bend(
        aten.leaky_relu_backward.default, gradient, x, slope, False
    ),
    aten.threshold_backward.default: lambda run, *args: run.bend(aten.threshold_backward.default, *args),
}
_THE_SAME = aten.detach.default, aten.alias.default


def _identity(value: Any) -> Hashable:
    """Equal for values that are the same tensors, or equal numbers of one type."""
    if isinstance(value, tuple | list):
        return tuple(map(_identity, value))
    return id(value) if isinstance(value, Tensor) else (type(value), value)

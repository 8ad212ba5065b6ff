"""A trace: all that is done with tensors, as a list of operations that can be done again on others."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

aten = torch.ops.aten
Results = Sequence[Tensor | None]


class Trace(TorchDispatchMode):
    """Within this block every operation on tensors, autograd's own among them, is also written down.

    Args:
        given: tensors and generators from which all else is made, and in whose place others will stand.
        before: a trace of what was done before, from which autograd's notes may go on.
    """

    def __init__(self, given: Iterable[Tensor | torch.Generator], before: Trace | None = None) -> None:
        super().__init__()
        self.asked = False  # whether anybody asked for a number, by which he may have gone another way
        self.taken: list[str] = []  # what was taken from the trace before, by its names there
        self._before = before
        self._graph = fx.Graph()
        self._tensors: Any = WeakTensorKeyDictionary()  # where on the trace each was made, as long as anybody has it
        self._generators: dict[int, fx.Node] = {}  # by address: Python's object is another one each time
        self._constants: dict[str, Tensor] = {}
        self._results: list[fx.Node | None] = []
        for n, one in enumerate(given):
            node = self._graph.placeholder(f"given_{n}")
            if isinstance(one, Tensor):
                self._tensors[one] = node
            else:
                self._generators[_address(one)] = node

    def end(self, results: Results) -> None:
        """Nothing more is written: these are the results."""
        self._results = [None if result is None else self._place(result) for result in results]
        self._graph.output(self._results)
        self._before = None  # it may be long, and go back further
        for node in self._graph.nodes:
            _take_place(node)

    def function(self, left: Sequence[str] = ()) -> Callable[..., list[Any]]:
        """What was done, as a function: (*given, *taken) -> (*results, *left), where `left` are names on this trace."""
        named = {node.name: node for node in self._graph.nodes}
        self._graph.erase_node(self._graph.output_node())
        self._graph.output([*self._results, *(named[name] for name in left)])
        code = self._graph.python_code("self")
        space = dict(code.globals)
        exec(code.src, space)
        written: Callable[..., list[Any]] = space["forward"].__get__(SimpleNamespace(**self._constants))
        return written

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        made = op(*args, **kwargs)
        if op in _THE_SAME:
            self._tensors[made] = self._place(args[0])
        elif isinstance(made, Tensor):
            node = self._tensors[made] = self._write(op, args, kwargs)
            node.meta["lies alike"] = op in _IN_PLACE and made.stride() == args[0].stride()
        elif isinstance(made, tuple | list):
            node = self._write(op, args, kwargs)
            for n, part in enumerate(made):
                if isinstance(part, Tensor):
                    self._tensors[part] = self._graph.call_function(operator.getitem, (node, n))
        elif op._schema.is_mutable:
            self._write(op, args, kwargs)
        else:
            self.asked |= any(isinstance(x, Tensor) for x in args)
        return made

    def _write(self, op: Any, args: Any, kwargs: Any) -> fx.Node:
        return self._graph.call_function(op, *fx.node.map_aggregate((args, kwargs), self._place))

    def _place(self, x: Any) -> Any:
        """What stands on the trace for a tensor or a generator; anything else as it is."""
        if isinstance(x, torch.Generator):
            return self._generators[_address(x)]
        if isinstance(x, Tensor):
            return self._tensors[x] if x in self._tensors else self._new(x)
        return x

    def _new(self, x: Tensor) -> fx.Node:
        """The place of a tensor that was made before."""
        if self._before is not None and x in self._before._tensors:
            node = self._graph.placeholder(f"taken_{len(self.taken)}")
            self.taken.append(self._before._tensors[x].name)
        else:  # neither given nor made of what is: the same each time
            name = f"constant_{len(self._constants)}"
            self._constants[name], node = x, self._graph.get_attr(name)
        self._tensors[x] = node
        return node


def _address(generator: torch.Generator) -> int:
    address: int = generator._cdata  # type: ignore[attr-defined]
    return address


_THE_SAME = aten.detach.default, aten.alias.default
_IN_PLACE = {  # gradients of activations, number by number
    op.default: op.grad_input
    for op in (aten.leaky_relu_backward, aten.threshold_backward, aten.tanh_backward, aten.sigmoid_backward)
}


def _take_place(node: fx.Node) -> None:
    """Let a gradient be written over the one that it comes from, if nobody else reads that: it is in the cache."""
    if not node.meta.get("lies alike"):
        return
    op: Any = node.target
    source: Any = node.args[0]
    maker = source.args[0] if source.target is operator.getitem else source
    is_new = maker.op == "call_function" and not any(made.alias_info for made in maker.target._schema.returns)
    if is_new and len(source.users) == 1:
        node.target, node.kwargs = _IN_PLACE[op], {**node.kwargs, "grad_input": source}

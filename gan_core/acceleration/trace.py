"""A trace: the operations on tensors inside a block, as a function that repeats them on other tensors."""

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


class Trace(TorchDispatchMode):
    """Records every operation on tensors inside its block, those of the backward pass included.

    A tensor that is neither an input nor computed inside the block becomes a constant.

    Args:
        inputs: tensors and random generators that a call of `function` replaces by others.
        previous: an earlier trace, which computed tensors that a backward pass inside this block reads.
    """

    def __init__(self, inputs: Iterable[Tensor | torch.Generator], previous: Trace | None = None) -> None:
        super().__init__()
        self.is_data_dependent = False  # whether Python read a value, by which it may branch: then no replay is exact
        self.reads: list[str] = []  # names in `previous` of the tensors that this trace reads from it
        self._previous = previous
        self._graph = fx.Graph()
        self._nodes: Any = WeakTensorKeyDictionary()  # the node of each tensor that is still alive
        self._rng_nodes: dict[int, fx.Node] = {}  # by address, since every use wraps a generator in a new Python object
        self._constants: dict[str, Tensor] = {}
        self._outputs: Any = None
        for n, value in enumerate(inputs):
            node = self._graph.placeholder(f"input_{n}")
            if isinstance(value, Tensor):
                self._nodes[value] = node
            else:
                self._rng_nodes[_address(value)] = node

    def end(self, outputs: Sequence[Any]) -> None:
        """Finish the trace, whose results are `outputs`: tensors, lists of tensors, and None."""
        self._outputs = fx.node.map_aggregate(outputs, self._node)
        self._graph.output(self._outputs)
        self._previous = None  # a chain of traces would keep all their tensors alive
        for node in self._graph.nodes:
            _compute_in_place(node)

    def function(self, saves: Sequence[str] = ()) -> Callable[..., tuple[Any, list[Tensor]]]:
        """The trace as a function: (*inputs, *reads) -> (outputs, saved tensors), the values of the nodes `saves`."""
        by_name = {node.name: node for node in self._graph.nodes}
        self._graph.erase_node(self._graph.output_node())
        self._graph.output((self._outputs, [by_name[name] for name in saves]))
        code = self._graph.python_code("self")
        namespace = dict(code.globals)
        exec(code.src, namespace)
        function: Callable[..., Any] = namespace["forward"].__get__(SimpleNamespace(**self._constants))
        return function

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = op(*args, **kwargs)
        if op in _IDENTITY:
            self._nodes[result] = self._node(args[0])
        elif isinstance(result, Tensor):
            node = self._nodes[result] = self._add(op, args, kwargs)
            node.meta["keeps strides"] = op in _IN_PLACE and result.stride() == args[0].stride()
        elif isinstance(result, tuple | list):
            node = self._add(op, args, kwargs)
            for n, part in enumerate(result):
                if isinstance(part, Tensor):
                    self._nodes[part] = self._graph.call_function(operator.getitem, (node, n))
        elif op._schema.is_mutable:
            self._add(op, args, kwargs)
        else:
            self.is_data_dependent |= any(isinstance(x, Tensor) for x in args)
        return result

    def _add(self, op: Any, args: Any, kwargs: Any) -> fx.Node:
        return self._graph.call_function(op, *fx.node.map_aggregate((args, kwargs), self._node))

    def _node(self, x: Any) -> Any:
        """The node of a tensor or a generator; any other argument as it is."""
        if isinstance(x, torch.Generator):
            return self._rng_nodes[_address(x)]
        if isinstance(x, Tensor):
            return self._nodes[x] if x in self._nodes else self._new_node(x)
        return x

    def _new_node(self, x: Tensor) -> fx.Node:
        """A node for a tensor that was computed before this trace began."""
        if self._previous is not None and x in self._previous._nodes:
            node = self._graph.placeholder(f"read_{len(self.reads)}")
            self.reads.append(self._previous._nodes[x].name)
        else:
            name = f"constant_{len(self._constants)}"
            self._constants[name], node = x, self._graph.get_attr(name)
        self._nodes[x] = node
        return node


def _address(rng: torch.Generator) -> int:
    address: int = rng._cdata  # type: ignore[attr-defined]
    return address


_IDENTITY = aten.detach.default, aten.alias.default
_IN_PLACE = {  # gradients of activations, elementwise, that can be written into an existing tensor
    op.default: op.grad_input
    for op in (aten.leaky_relu_backward, aten.threshold_backward, aten.tanh_backward, aten.sigmoid_backward)
}


def _compute_in_place(node: fx.Node) -> None:
    """Write an activation's gradient over its incoming gradient, which is in the cache, if no other node reads that."""
    if not node.meta.get("keeps strides"):
        return
    op: Any = node.target
    gradient: Any = node.args[0]
    maker = gradient.args[0] if gradient.target is operator.getitem else gradient
    is_fresh = maker.op == "call_function" and not any(value.alias_info for value in maker.target._schema.returns)
    if is_fresh and len(gradient.users) == 1:
        node.target, node.kwargs = _IN_PLACE[op], {**node.kwargs, "grad_input": gradient}

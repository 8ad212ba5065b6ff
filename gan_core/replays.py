"""On a CPU: a kind of step is recorded as a list of operations on tensors, and from then on done by that list alone.

Of an eager step up to a third is spent on the way: modules look up their parts, autograd takes notes and finds its way
back by them, all as in the step before. The list is what all that comes to in the end. The same operations on the same
numbers in the same order give the same result, bit for bit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from gan_core.compiled import Drawn, FiguresOf
from gan_core.config import TrainConfig
from gan_core.recordings import Again, Made, Recordings

aten = torch.ops.aten


class Replays(Recordings):
    """Does what `differentiate` does, by the list of operations that its first call of each kind came to."""

    @staticmethod
    def can_record(config: TrainConfig, device: torch.device, generator: nn.Module) -> bool:
        """On a CPU, unless G's step goes on from D's fakes: it needs autograd's notes of how they were made."""
        return device.type == "cpu" and not config.reuse_fakes

    def _record(
        self, figures_of: FiguresOf, parameters: list[nn.Parameter], drawn: Sequence[Drawn]
    ) -> tuple[Made, Again]:
        states = [state for network in self._networks for state in (*network.parameters(), *network.buffers())]
        lasting = *(state.detach() for state in states), *self._generators

        def eager(*tensors: Tensor) -> Made:
            rest = iter(tensors)
            inputs = (next(rest) if isinstance(x, Tensor) else x for x in drawn)
            figures = self._differentiate(figures_of, parameters, *inputs)
            return [figures, *(parameter.grad for parameter in parameters)]

        def by_list(*tensors: Tensor) -> Made:
            with torch.inference_mode():  # quicker than `no_grad`, by a twentieth of a small network's step
                return listed(*lasting, *tensors)

        tensors = [x for x in drawn if isinstance(x, Tensor)]
        with Recorder((*states, *self._generators, *tensors)) as recorder:
            made = eager(*tensors)
        if recorder.asked:
            return made, eager
        listed = recorder.function(made)
        return made, by_list


class Recorder(TorchDispatchMode):
    """Within this block all that is done with tensors is also written down.

    Args:
        given: tensors and generators from which all else is made. They are the arguments of `function`.
    """

    def __init__(self, given: Iterable[Tensor | torch.Generator]) -> None:
        super().__init__()
        self.asked = False  # whether somebody asked for a number, by which he may have gone another way
        self._graph = fx.Graph()
        self._tensors: Any = WeakTensorKeyDictionary()  # what stands for each in the list, while anybody has it
        self._generators: dict[int, fx.Node] = {}  # by address: each time, another object of Python's comes
        self._constants: dict[str, Tensor] = {}
        self._alike: list[fx.Node] = []  # gradients that lie in memory like the one that they come from
        for n, one in enumerate(given):
            node = self._graph.placeholder(f"given_{n}")
            if isinstance(one, Tensor):
                self._tensors[one] = node
            else:
                self._generators[one._cdata] = node

    def function(self, results: Made) -> Callable[..., Made]:
        """What was done, as a function of what was given; it answers with what these tensors have become."""
        self._graph.output([None if result is None else self._standing_for(result) for result in results])
        for node in self._alike:
            _take_place(node)
        code = self._graph.python_code("self")
        space = dict(code.globals)
        exec(code.src, space)
        written: Callable[..., Made] = space["forward"].__get__(SimpleNamespace(**self._constants))
        return written

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        made = op(*args, **kwargs)
        if op in _THE_SAME:
            self._tensors[made] = self._standing_for(args[0])
        elif isinstance(made, Tensor):
            self._tensors[made] = self._write(op, args, kwargs)
            if op in _IN_PLACE and made.stride() == args[0].stride():
                self._alike.append(self._tensors[made])
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
        return self._graph.call_function(op, *fx.node.map_aggregate((args, kwargs), self._standing_for))

    def _standing_for(self, x: Any) -> Any:
        if isinstance(x, torch.Generator):
            return self._generators[x._cdata]
        if not isinstance(x, Tensor):
            return x
        if x not in self._tensors:  # made before, and neither a weight nor drawn: the same in every step
            name = f"constant_{len(self._constants)}"
            self._constants[name], self._tensors[x] = x, self._graph.get_attr(name)
        return self._tensors[x]


_THE_SAME = aten.detach.default, aten.alias.default
_IN_PLACE = {  # gradients of activations, number by number
    op.default: op.grad_input
    for op in (aten.leaky_relu_backward, aten.threshold_backward, aten.tanh_backward, aten.sigmoid_backward)
}


def _take_place(node: fx.Node) -> None:
    """Let a gradient be written over the one that it comes from, if nobody else reads that: it is in the cache."""
    before: Any = node.args[0]
    op: Any = node.target
    maker = before.args[0] if before.target is operator.getitem else before
    is_new = maker.op == "call_function" and not any(made.alias_info for made in maker.target._schema.returns)
    if is_new and len(before.users) == 1:
        node.target, node.kwargs = _IN_PLACE[op], {**node.kwargs, "grad_input": before}

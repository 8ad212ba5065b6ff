"""A compiled graph as the calls that it makes, of kernels and matrix products, each on tensors of its own.

What TorchInductor writes for a graph is a function in Python. It takes memory for every number on the way, makes views
of it, calls a kernel, gives the memory back; and all of that again at the next step. Of a small network's step it is a
tenth to a half. If the memory is kept, nothing but the calls is left to do, and what they write is still in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any, TypeVar

Made = TypeVar("Made")

_KERNEL, _LIBRARY, _PRODUCTS = "cpp_fused_", "extern_kernels", {"mm", "addmm"}
_MEMORY = {"empty_strided_cpu", "reinterpret_tensor", "torch", "float32", "clear"}
_CHECKS = {"assert_size_stride", "assert_size_stride_grouped"}


def repeatable(run: Callable[[], Made], function: Any) -> tuple[Made, Callable[[], Made]]:
    """What `run` makes, which calls TorchInductor's `function`; and how to make it anew, in the same memory.

    That reads what the tensors that `run` was given hold by then. A function that does what is not known here is run as
    it is, into new memory.
    """
    names = set(function.__code__.co_names) if isinstance(function, FunctionType | MethodType) else set()
    kernels = {name for name in names if name.startswith(_KERNEL)}
    if not kernels or not names <= kernels | {_LIBRARY} | _PRODUCTS | _MEMORY | _CHECKS:
        return run(), run
    with _listed(function.__globals__, kernels, _PRODUCTS & names) as calls:
        made = run()

    def again() -> Made:
        for call in calls:
            call()
        return made

    return made, again


@contextmanager
def _listed(space: dict[str, Any], kernels: set[str], products: set[str]) -> Iterator[list[Callable[[], object]]]:
    """Within this block calls of these kernels in `space` and of its library's products are listed as they are made."""
    calls: list[Callable[[], object]] = []

    def listing(called: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            calls.append(partial(called, *args, **kwargs))
            return calls[-1]()

        return call

    before = {name: space[name] for name in kernels | {_LIBRARY}}
    space.update({name: listing(space[name]) for name in kernels})
    space[_LIBRARY] = SimpleNamespace(**{name: listing(getattr(before[_LIBRARY], name)) for name in products})
    try:
        yield calls
    finally:
        space.update(before)

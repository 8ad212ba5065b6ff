"""The calls that a compiled graph makes can be made again by themselves, in the same memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core.calls import repeatable

# As TorchInductor writes it: (2x) (2x)', in memory that is taken anew each time.
WRITTEN = """
def call(args):
    arg0_1, = args
    args.clear()
    assert_size_stride(arg0_1, (3, 2), (2, 1))
    buf0 = empty_strided_cpu((3, 2), (2, 1), torch.float32)
    cpp_fused_mul_0(arg0_1, buf0)
    buf1 = empty_strided_cpu((3, 3), (3, 1), torch.float32)
    extern_kernels.mm(buf0, reinterpret_tensor(buf0, (2, 3), (1, 2), 0), out=buf1)
    del buf0
    return (buf1, )
"""


def double(x: Tensor, out: Tensor) -> None:
    torch.mul(x, 2, out=out)


def written(source: str = WRITTEN, **named: Any) -> Any:
    space = {
        "torch": torch,
        "assert_size_stride": lambda x, size, stride: None,
        "empty_strided_cpu": lambda size, stride, dtype: torch.empty_strided(size, stride, dtype=dtype),
        "reinterpret_tensor": torch.as_strided,
        "extern_kernels": SimpleNamespace(mm=torch.mm),
        "cpp_fused_mul_0": double,
        **named,
    }
    exec(source, space)
    return space["call"]


def test_what_is_made_again_is_of_what_was_given_by_then() -> None:
    function, x = written(), torch.randn(3, 2)
    (first,), again = repeatable(lambda: function([x]), function)
    torch.testing.assert_close(first, 4 * x @ x.t())
    for _ in range(3):
        x.normal_()
        (made,) = again()
        assert made is first
        torch.testing.assert_close(made, 4 * x @ x.t())


def test_the_function_itself_stays_as_it_was_for_others() -> None:
    function = written()
    before = dict(function.__globals__)
    x, y = torch.randn(3, 2), torch.randn(3, 2)
    (of_x,), _ = repeatable(lambda: function([x]), function)
    kept = of_x.clone()
    (of_y,), again = repeatable(lambda: function([y]), function)
    again()
    assert torch.equal(of_x, kept)
    assert not torch.equal(of_x, of_y)
    assert function.__globals__ == before


def test_a_call_that_fails_leaves_the_function_as_it_was() -> None:
    function = written(cpp_fused_mul_0=lambda x, out: 1 / 0)
    before = dict(function.__globals__)
    with pytest.raises(ZeroDivisionError):
        repeatable(lambda: function([torch.randn(3, 2)]), function)
    assert function.__globals__ == before


UNKNOWN = {
    "an operation of torch": WRITTEN.replace("extern_kernels.mm", "torch.ops.aten.mm.out"),
    "another product": WRITTEN.replace("extern_kernels.mm", "extern_kernels.bmm"),
    "another helper": WRITTEN.replace("    del buf0", "    helper(buf0)"),
}


@pytest.mark.parametrize("source", UNKNOWN.values(), ids=UNKNOWN)
def test_a_function_that_does_anything_else_is_run_as_it_is(source: str) -> None:
    library = SimpleNamespace(mm=torch.mm, bmm=torch.mm)
    function, x = written(source, extern_kernels=library, helper=lambda x: None), torch.randn(3, 2)
    (first,), again = repeatable(lambda: function([x]), function)
    kept = first.clone()
    x.normal_()
    (made,) = again()
    torch.testing.assert_close(made, 4 * x @ x.t())
    assert torch.equal(first, kept)


def test_what_is_no_function_in_python_is_run_as_it_is() -> None:
    x = torch.ones(1)
    assert repeatable(x.sum, None)[1] == x.sum

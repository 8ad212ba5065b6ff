"""The gradient of D at its inputs, itself to be differentiated, without the detours that come to nothing.

A ReLU, leaky or not, has no second derivative but at its bend. Torch answers with zeros, and lets them flow back
through all of the pass that the gradient was taken of: a whole backward pass that adds nothing. Here it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


@torch.enable_grad()
def input_gradients(discriminator: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Gradient of D at each sample: (N, number of values in a sample), itself differentiable.

    Outside autocast: bfloat16 gradients are too coarse to be squared and differentiated again.
    """
    with torch.autocast(x.device.type, enabled=False), _ReluWithoutSecondDerivative():
        x = x.detach().requires_grad_()
        (gradients,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
        return gradients.flatten(1)


class _ReluWithoutSecondDerivative(TorchFunctionMode):
    """Within this block every ReLU, leaky or not, is one without a second derivative."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        return _INSTEAD.get(function, function)(*args, **(kwargs or {}))


class _ReluBackward(torch.autograd.Function):
    """max(x, slope x), for a slope in [0, 1): its gradient by x is constant in x."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float) -> Tensor:
        y = F.leaky_relu(x, slope)
        ctx.save_for_backward(y)
        ctx.slope = slope
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (y,) = ctx.saved_tensors
        return torch.ops.aten.leaky_relu_backward(grad, y.detach(), ctx.slope, True), None


def _relu(input: Tensor, inplace: bool = False) -> Any:
    return _ReluBackward.apply(input, 0.0)


def _leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    return _ReluBackward.apply(input, negative_slope)


_INSTEAD: dict[Callable[..., Any], Callable[..., Any]] = {F.relu: _relu, F.leaky_relu: _leaky_relu}

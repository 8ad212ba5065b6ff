"""The gradient of a network with respect to its inputs, for penalties that differentiate it a second time.

The second derivative of ReLU and leaky ReLU is zero. PyTorch computes these zeros and backpropagates them through the
whole network. The ReLUs of this module skip that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


@torch.enable_grad()
def input_gradients(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The gradient of `network(x).sum()` with respect to each sample: (N, values in a sample), differentiable.

    It is computed outside autocast, because bfloat16 is too coarse for squared gradients.
    """
    with torch.autocast(x.device.type, enabled=False), _LinearBackwardReLUs():
        x = x.detach().requires_grad_()
        (gradients,) = torch.autograd.grad(network(x).sum(), x, create_graph=True)
        return gradients.flatten(1)


class _LinearBackwardReLUs(TorchFunctionMode):
    """Replaces ReLUs and leaky ReLUs inside its block."""

    def __torch_function__(
        self, function: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        return _REPLACEMENTS.get(function, function)(*args, **(kwargs or {}))


class _ReLU(torch.autograd.Function):
    """max(x, slope * x) for a slope in [0, 1), whose derivative is a constant to autograd."""

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


_REPLACEMENTS: dict[Callable[..., Any], Callable[..., Any]] = {
    F.relu: lambda input, inplace=False: _ReLU.apply(input, 0.0),
    F.leaky_relu: lambda input, negative_slope=0.01, inplace=False: _ReLU.apply(input, negative_slope),
}

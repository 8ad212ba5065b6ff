"""Convolutions that halve an image's sides and transposed ones that double them: kernel 4, stride 2, padding 1.

The layer next to the image has 1 or 3 channels, but a SIMD register holds 16 numbers. In training on a CPU, it folds
the image: 2 x 2 pixels become one pixel with four times the channels (space to depth; Shi et al., 2016). The kernel is
folded in the same way, so the result is the same sum in another order.

    folded passes              grey      RGB
    StridedConv2d              all       gradient of the image     (grey and contiguous: only in G's step)
    StridedConvTranspose2d     all       forward

All other cases use PyTorch's kernels, because folding does not make them faster.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad, pixel_shuffle, pixel_unshuffle
from torch.nn.grad import conv2d_weight

_MAX_CHANNELS = 4  # four times as many after folding: 16, one register


class StridedConv2d(nn.Conv2d):
    """(N, inputs, side, side) -> (N, outputs, side // 2, side // 2)."""

    def __init__(self, inputs: int, outputs: int, bias: bool) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, bias=bias, device="meta")

    def folds(self, side: int) -> bool:
        """Whether any pass folds images of this side."""
        return self.in_channels <= _MAX_CHANNELS and side % 2 == 0

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and x.device.type == "cpu" and self.folds(x.shape[-1])):
            return super().forward(x)
        if self.in_channels > 1:
            if not x.requires_grad:
                return super().forward(x)
            output: Tensor = StridedConvFunction.apply(x, self.weight, self.bias)
            return output
        # Folding triples the speed of the gradient of the image, but in the contiguous format it slows the gradient of
        # the weights. So contiguous images are folded only in G's step, which needs their gradient.
        if not x.requires_grad and x.stride(1) != 1:  # contiguous
            return super().forward(x)
        return conv2d(pixel_unshuffle(pad(x, (1, 1, 1, 1)), 2), pixel_unshuffle(self.weight, 2), self.bias)


class StridedConvTranspose2d(nn.ConvTranspose2d):
    """(N, inputs, to // 2, to // 2) -> (N, outputs, to, to); an odd side has output padding 1."""

    def __init__(self, inputs: int, outputs: int, to: int, bias: bool) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, output_padding=to % 2, bias=bias, device="meta")

    @property
    def folds(self) -> bool:
        """Whether it folds images in training on a CPU."""
        return self.out_channels <= _MAX_CHANNELS and self.output_padding == (0, 0)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not (self.training and x.device.type == "cpu" and self.folds):
            return super().forward(x, output_size)
        if self.out_channels > 1:
            output: Tensor = StridedConvTransposeFunction.apply(x, self.weight, self.bias)
            return output
        y = pixel_shuffle(conv_transpose2d(x, pixel_unshuffle(self.weight, 2)), 2)[:, :, 1:-1, 1:-1]
        return y if self.bias is None else y + self.bias


# Under autocast inputs are rounded to bfloat16, as in PyTorch's convolutions.
_forward = torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)
_backward = torch.amp.custom_bwd(device_type="cpu")


class StridedConvFunction(torch.autograd.Function):
    """The convolution of images x (N, C, 2H, 2W) with w (outputs, C, 4, 4). Only the gradient of x is folded."""

    @staticmethod
    @_forward
    def forward(ctx: Any, x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, w)
        return conv2d(x, w, b, stride=2, padding=1)

    @staticmethod
    @_backward
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, w = ctx.saved_tensors
        return _gradients(ctx, grad, StridedConvTransposeFunction, w, image=x, halved=grad)


class StridedConvTransposeFunction(torch.autograd.Function):
    """The transposed convolution of x (N, inputs, H, W) to images (N, C, 2H, 2W) with w (inputs, C, 4, 4), folded.

    Its gradients are not folded. Its output is new memory, which an in-place activation may overwrite.
    """

    @staticmethod
    @_forward
    def forward(ctx: Any, x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, w)
        (n, _, height, width), (inputs, c, *_) = x.shape, w.shape
        folded = pad(w, (1, 1, 1, 1)).view(inputs, c, 3, 2, 3, 2).permute(0, 3, 5, 1, 2, 4)
        y = conv_transpose2d(x, folded.reshape(inputs, 4 * c, 3, 3), None if b is None else b.repeat(4), padding=1)
        output = torch.empty((n, c, 2 * height, 2 * width), dtype=y.dtype, memory_format=torch.channels_last)
        squares = output.permute(0, 2, 3, 1).view(n, height, 2, width, 2, c)  # (N, H, row in the square, W, column, C)
        squares.copy_(y.unflatten(1, (2, 2, c)).permute(0, 4, 1, 5, 2, 3))
        return output

    @staticmethod
    @_backward
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, w = ctx.saved_tensors
        return _gradients(ctx, grad, StridedConvFunction, w, image=grad, halved=x)


def _gradients(
    ctx: Any, grad: Tensor, reverse: type[torch.autograd.Function], w: Tensor, image: Tensor, halved: Tensor
) -> tuple[Tensor | None, ...]:
    """The gradients of x (by the `reverse` convolution), w and the bias; None for each one that is not needed."""
    needs_x, needs_w, needs_b = ctx.needs_input_grad
    return (
        reverse.apply(grad, w, None) if needs_x else None,
        conv2d_weight(image, w.shape, halved, stride=2, padding=1) if needs_w else None,
        grad.sum((0, 2, 3)) if needs_b else None,
    )

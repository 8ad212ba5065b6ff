"""Convolutions that halve a picture's sides, and transposed ones that double them: kernels of 4, stride 2, padding 1.

Next to the picture they have a channel or three on one side, and the CPU's library computes with as many at a time as
its registers hold. So there, while training, they compute on the picture folded: each square of 2 x 2 pixels becomes
four times the channels of one (space to depth; Shi et al., 2016), and the kernel is folded alike. It is the same sum,
taken in another order. Grey pictures are folded on their way back, too; of others only the transposed convolution is,
which is G's last layer, and in D's first one the gradient of the picture. What gains nothing is torch's own.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad, pixel_shuffle, pixel_unshuffle
from torch.nn.grad import conv2d_weight

_FEW = 4  # channels, which folded are the 16 that a register holds


class StridedConv2d(nn.Conv2d):
    """(N, inputs, side, side) -> (N, outputs, side // 2, side // 2)."""

    def __init__(self, inputs: int, outputs: int, bias: bool) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, bias=bias, device="meta")

    def folds(self, side: int) -> bool:
        """Whether it ever folds a picture of this side."""
        return self.in_channels <= _FEW and side % 2 == 0

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and x.device.type == "cpu" and self.folds(x.shape[-1])):
            return super().forward(x)
        if self.in_channels > 1:
            made: Tensor = (
                StridedConvFunction.apply(x, self.weight, self.bias) if x.requires_grad else super().forward(x)
            )
            return made
        # Folded, the gradient of the picture takes a third of the time, but row after row that of the weights longer:
        # so there it is for G's step, in which fakes want their gradient, and not for D's.
        if not (x.requires_grad or x.stride(1) == 1):  # pixel after pixel, as `layout` has it
            return super().forward(x)
        return conv2d(pixel_unshuffle(pad(x, (1, 1, 1, 1)), 2), pixel_unshuffle(self.weight, 2), self.bias)


class StridedConvTranspose2d(nn.ConvTranspose2d):
    """(N, inputs, to // 2, to // 2) -> (N, outputs, to, to); an odd side needs one row and column more."""

    def __init__(self, inputs: int, outputs: int, to: int, bias: bool) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, output_padding=to % 2, bias=bias, device="meta")

    @property
    def folds(self) -> bool:
        """Whether it ever folds a picture."""
        return self.out_channels <= _FEW and self.output_padding == (0, 0)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not (self.training and x.device.type == "cpu" and self.folds):
            return super().forward(x, output_size)
        if self.out_channels > 1:
            made: Tensor = StridedConvTransposeFunction.apply(x, self.weight, self.bias)
            return made
        y = pixel_shuffle(conv_transpose2d(x, pixel_unshuffle(self.weight, 2)), 2)[:, :, 1:-1, 1:-1]
        return y if self.bias is None else y + self.bias


# Under autocast what is multiplied is rounded first, as torch does for its own convolutions.
_forward = torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.bfloat16)
_backward = torch.amp.custom_bwd(device_type="cpu")


class StridedConvFunction(torch.autograd.Function):
    """The convolution of pictures x (N, C, 2H, 2W) by w (outputs, C, 4, 4); its gradient by x is folded."""

    @staticmethod
    @_forward
    def forward(ctx: Any, x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, w)
        return conv2d(x, w, b, stride=2, padding=1)

    @staticmethod
    @_backward
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, w = ctx.saved_tensors
        return _gradients(ctx, grad, StridedConvTransposeFunction, w, picture=x, halves=grad)


class StridedConvTransposeFunction(torch.autograd.Function):
    """The transposed convolution of x (N, inputs, H, W) to pictures (N, C, 2H, 2W) by w (inputs, C, 4, 4), folded.

    In its gradients, which are those of the convolution the other way, there is nothing to gain. What comes out lies in
    memory of its own, which an activation may overwrite.
    """

    @staticmethod
    @_forward
    def forward(ctx: Any, x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, w)
        (n, _, height, width), (inputs, c, *_) = x.shape, w.shape
        folded = pad(w, (1, 1, 1, 1)).view(inputs, c, 3, 2, 3, 2).permute(0, 3, 5, 1, 2, 4)
        y = conv_transpose2d(x, folded.reshape(inputs, 4 * c, 3, 3), None if b is None else b.repeat(4), padding=1)
        made = torch.empty((n, c, 2 * height, 2 * width), dtype=y.dtype, memory_format=torch.channels_last)
        squares = made.permute(0, 2, 3, 1).view(n, height, 2, width, 2, c)  # (N, H, row in its square, W, column, C)
        squares.copy_(y.unflatten(1, (2, 2, c)).permute(0, 4, 1, 5, 2, 3))
        return made

    @staticmethod
    @_backward
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, w = ctx.saved_tensors
        return _gradients(ctx, grad, StridedConvFunction, w, picture=grad, halves=x)


def _gradients(
    ctx: Any, grad: Tensor, back: type[torch.autograd.Function], w: Tensor, picture: Tensor, halves: Tensor
) -> tuple[Tensor | None, ...]:
    """Of x, by going `back`, of w and of the bias, of which each is found if it is wanted."""
    of_x, of_w, of_b = ctx.needs_input_grad
    return (
        back.apply(grad, w, None) if of_x else None,
        conv2d_weight(picture, w.shape, halves, stride=2, padding=1) if of_w else None,
        grad.sum((0, 2, 3)) if of_b else None,
    )

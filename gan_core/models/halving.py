"""Convolutions that halve a picture's sides, and transposed ones that double them: kernels of 4, stride 2, padding 1.

Next to a grey picture they have one channel on one side, and the CPU's library computes with as many at a time as its
registers hold. So there, while training, they compute on the picture folded: each square of 2 x 2 pixels becomes 4
channels of one (space to depth; Shi et al., 2016), and the kernel is folded alike. It is the same sum, taken in another
order; a step of a small DCGAN gets a tenth shorter. Where it gains nothing they are torch's own.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad, pixel_shuffle, pixel_unshuffle


class Halving(nn.Conv2d):
    """(N, inputs, side, side) -> (N, outputs, side // 2, side // 2)."""

    def __init__(self, inputs: int, outputs: int, bias: bool) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, bias=bias, device="meta")

    def folds(self, side: int) -> bool:
        """Whether it ever folds a picture of this side."""
        return self.in_channels == 1 and side % 2 == 0

    def forward(self, x: Tensor) -> Tensor:
        # Folded, the gradient of the picture takes a third of the time, but row after row that of the weights longer:
        # so there it is for G's step, in which fakes want their gradient, and not for D's.
        gains = x.requires_grad or x.stride(1) == 1  # pixel after pixel, as `layout` has it
        if not (self.training and gains and x.device.type == "cpu" and self.folds(x.shape[-1])):
            return super().forward(x)
        return conv2d(pixel_unshuffle(pad(x, (1, 1, 1, 1)), 2), pixel_unshuffle(self.weight, 2), self.bias)


class Doubling(nn.ConvTranspose2d):
    """(N, inputs, to // 2, to // 2) -> (N, outputs, to, to); an odd side needs one row and column more."""

    def __init__(self, inputs: int, outputs: int, to: int, bias: bool) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, output_padding=to % 2, bias=bias, device="meta")

    @property
    def folds(self) -> bool:
        """Whether it ever folds a picture."""
        return self.out_channels == 1 and self.output_padding == (0, 0)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not (self.training and x.device.type == "cpu" and self.folds):
            return super().forward(x, output_size)
        y = pixel_shuffle(conv_transpose2d(x, pixel_unshuffle(self.weight, 2)), 2)[:, :, 1:-1, 1:-1]
        return y if self.bias is None else y + self.bias

"""G's last step by way of the sigmoid, where that is faster: tanh x = 2 sigmoid(2x) - 1.

For tanh torch calls Intel's MKL, which takes long on AMD's processors; the sigmoid it computes itself. It is off by no
more than 2e-7, for a picture a forty-thousandth of the step from one byte to the next.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

from gan_core.models.products import is_amd

SMALL = 1 << 16  # numbers; below, next to nothing is gained


class Tanh(nn.Tanh):
    """Samples in [-1, 1]; by the sigmoid while training, where that is faster."""

    def forward(self, x: Tensor) -> Tensor:
        return (2 * x).sigmoid_().mul(2).sub_(1) if self.training and _is_for_sigmoid(x) else super().forward(x)


def _is_for_sigmoid(x: Tensor) -> bool:
    """Tensors of other kinds stand for numbers, while a graph is recorded."""
    return (
        x.numel() >= SMALL
        and x.dtype == torch.float32
        and type(x) is Tensor
        and x.device.type == "cpu"
        and sigmoid_is_faster()
    )


@cache
def sigmoid_is_faster() -> bool:
    """Whether torch has MKL here, and the processor is one of AMD's."""
    return torch.backends.mkl.is_available() and is_amd()

"""Matrix products in the library that computes them fastest on this processor, in float32 like any others.

On an x86 CPU torch multiplies matrices with Intel's MKL, which on AMD's processors makes no use of AVX-512. oneDNN,
which is in torch too, does: there it takes half as long.
"""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

SMALL = 1 << 24  # multiplications; below, what a call costs counts for more


class Linear(nn.Linear):
    """x (..., inputs) -> x Wᵀ + b (..., outputs)."""

    def forward(self, x: Tensor) -> Tensor:
        return product(x, self.weight, self.bias)


def product(a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    """a bᵀ + c, (..., M), for a (..., K), b (M, K), c (M,)."""
    if not _is_for_onednn(a, b):
        return linear(a, b, c)
    flat: Tensor = _InOneDnn.apply(a.reshape(-1, a.shape[-1]), b, c)
    return flat.view(*a.shape[:-1], len(b))


class _InOneDnn(torch.autograd.Function):
    """The same in oneDNN, for a (N, K). Its gradients are products of the same kind, and have gradients themselves."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, c: Tensor | None) -> Tensor:
        ctx.save_for_backward(a, b)
        made: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, c, "none", [], "")
        return made

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        a, b = ctx.saved_tensors
        of_a, of_b, of_c = ctx.needs_input_grad
        return (
            product(grad, b.t()) if of_a else None,
            product(grad.t(), a.t()) if of_b else None,
            grad.sum(0) if of_c else None,
        )


def _is_for_onednn(a: Tensor, b: Tensor) -> bool:
    """Whether oneDNN is to compute a bᵀ. Tensors of other kinds stand for numbers, while a graph is recorded."""
    return (
        a.numel() * b.shape[0] >= SMALL
        and a.dtype == b.dtype == torch.float32
        and type(a) in _PLAIN
        and type(b) in _PLAIN
        and a.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and onednn_is_faster()
    )


_PLAIN = Tensor, nn.Parameter


@cache
def onednn_is_faster() -> bool:
    """Whether torch has MKL and oneDNN here, and the processor is one of AMD's with AVX-512."""
    return (
        torch.backends.mkl.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and is_amd()
    )


def is_amd() -> bool:
    """Whether the processor is one of AMD's."""
    return "AuthenticAMD" in _processor()


def _processor() -> str:
    """What the system tells of the processor, its maker among it."""
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()

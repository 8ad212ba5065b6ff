"""Where training runs: finding a device, naming it, and what CUDA may compute with."""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass

import torch


def find_device(name: str) -> torch.device:
    """The device that `name` means, a GPU with its number. Raises `ValueError` where this machine has none such."""
    cuda = torch.cuda.is_available()
    if cuda:  # cuBLAS asks for it before its first product, or no later run can be repeated (Results reproducibility)
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        device = torch.device(("cuda" if cuda else "cpu") if name == "auto" else name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ValueError(f'"{name}" is not a device; use auto, cpu, cuda or cuda:1')
    if device.type == "cuda" and (not cuda or (device.index or 0) >= torch.cuda.device_count()):
        raise ValueError(f'"{name}" is not here: {torch.cuda.device_count()} CUDA devices found; use auto or cpu')
    return torch.device("cuda", device.index or 0) if device.type == "cuda" else device  # as its tensors call it


def describe_device(device: torch.device) -> str:
    """The device in words: "CPU", or the name of the GPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether it has products of bfloat16 numbers. Others imitate them, and take ten times as long as in float32."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    known: bool = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return known


@dataclass(frozen=True, eq=False)
class Kernels:
    """What a run asks of CUDA's kernels; in force for as long as this is kept, in the whole process.

    There is one choice for all runs of a process. So where they ask for different things, the stricter holds for all:
    a number may come out more exactly than its run asks, or later. Once nobody asks, all is as it was before.
    """

    deterministic: bool  # only kernels whose sums are the same at every run; others raise
    tf32: bool  # matrix products may round their factors to 10 bits, as those of convolutions always may

    def __post_init__(self) -> None:
        global _before
        with _choosing:
            if not _asked:
                _before = _Choice.present()
            _asked.add(self)
            _choose()
        weakref.finalize(self, _choose).atexit = False


@dataclass(frozen=True)
class _Choice:
    """How torch's switches stand."""

    deterministic: bool
    tf32: bool
    benchmark: bool  # try which kernels are fastest, which may differ from run to run, and with it the last digits

    @classmethod
    def present(cls) -> _Choice:
        return cls(
            torch.are_deterministic_algorithms_enabled(),
            torch.backends.cuda.matmul.allow_tf32,
            torch.backends.cudnn.benchmark,
        )

    def make(self) -> None:
        torch.use_deterministic_algorithms(self.deterministic)
        torch.backends.cuda.matmul.allow_tf32 = self.tf32
        torch.backends.cudnn.benchmark = self.benchmark


_asked: weakref.WeakSet[Kernels] = weakref.WeakSet()
_before: _Choice  # anybody asked; what whoever uses the library has chosen holds beside what runs ask for
_choosing = threading.RLock()  # one thread may come back: a run can end, as memory is cleared, while another begins


def _choose() -> None:
    with _choosing:
        asked = [*_asked]
        strict = _before.deterministic or any(kernels.deterministic for kernels in asked)
        rounded = _before.tf32 or all(kernels.tf32 for kernels in asked)
        (_Choice(strict, rounded, not strict) if asked else _before).make()

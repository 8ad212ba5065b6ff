"""Finding and naming the training device, and the numerical options of CUDA."""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass

import torch


def find_device(name: str) -> torch.device:
    """The device "auto", "cpu", "cuda" or "cuda:1"; a GPU with its index. Raises `ValueError` if there is none such."""
    cuda = torch.cuda.is_available()
    if cuda:  # cuBLAS reads this before its first product; results are not reproducible without it
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        device = torch.device(("cuda" if cuda else "cpu") if name == "auto" else name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ValueError(f'"{name}" is not a device; use auto, cpu, cuda or cuda:1')
    if device.type == "cuda" and (not cuda or (device.index or 0) >= torch.cuda.device_count()):
        raise ValueError(f'"{name}" is not available: {torch.cuda.device_count()} CUDA devices found; use auto or cpu')
    return torch.device("cuda", device.index or 0) if device.type == "cuda" else device  # equal to `tensor.device`


def describe_device(device: torch.device) -> str:
    """The name of the GPU, or "CPU"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 numbers. Emulation takes ten times as long as float32."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    cpu = torch.cpu.get_capabilities()
    avx512 = all(cpu.get(f"avx512_{part}") for part in ("bw", "vl", "dq"))  # what PyTorch's oneDNN kernels require
    return torch.backends.mkldnn.is_available() and bool(avx512 or cpu.get("avx_ne_convert") or cpu.get("bf16"))


@dataclass(frozen=True, eq=False)
class CudaOptions:
    """The CUDA options that a run requests, for as long as this object lives.

    The options apply to the whole process, so if runs differ, the stricter option applies to all. A result may then be
    more exact or come later than its run requests. After the last run, the options are as they were before the first.
    """

    deterministic: bool  # only deterministic kernels; operations without one raise an error
    tf32: bool  # matrix products may round their factors to TF32, as convolutions always may

    def __post_init__(self) -> None:
        global _initial
        with _lock:
            if not _requests:
                _initial = _Options.current()
            _requests.add(self)
            _apply()
        weakref.finalize(self, _apply).atexit = False


@dataclass(frozen=True)
class _Options:
    deterministic: bool
    tf32: bool
    benchmark: bool  # cuDNN chooses the fastest kernels, which may differ between runs and change the last digits

    @classmethod
    def current(cls) -> _Options:
        return cls(
            torch.are_deterministic_algorithms_enabled(),
            torch.backends.cuda.matmul.allow_tf32,
            torch.backends.cudnn.benchmark,
        )

    def apply(self) -> None:
        torch.use_deterministic_algorithms(self.deterministic)
        torch.backends.cuda.matmul.allow_tf32 = self.tf32
        torch.backends.cudnn.benchmark = self.benchmark


_requests: weakref.WeakSet[CudaOptions] = weakref.WeakSet()
_initial: _Options  # set by other code of the process before the first request
_lock = threading.RLock()  # reentrant: garbage collection may end a run while another run starts


def _apply() -> None:
    with _lock:
        requests = [*_requests]
        strict = _initial.deterministic or any(kernels.deterministic for kernels in requests)
        tf32 = _initial.tf32 or all(kernels.tf32 for kernels in requests)
        (_Options(strict, tf32, not strict) if requests else _initial).apply()

"""Finding and naming the training device, what each kind of device can do, and the numerical options of CUDA."""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass
from typing import Literal

import torch


@dataclass(frozen=True)
class Capabilities:
    """What a kind of device can do. All other code asks here and not for the device's name."""

    widest: torch.dtype
    own_memory: bool  # separate from main memory; page-locked batches are copied to it while it computes
    fused_optimizers: bool
    recording: Literal["replay", "cuda graph"] | None  # how a training step can be recorded


_CAPABILITIES = {
    "cpu": Capabilities(widest=torch.float64, own_memory=False, fused_optimizers=True, recording="replay"),
    "cuda": Capabilities(widest=torch.float64, own_memory=True, fused_optimizers=True, recording="cuda graph"),
    "mps": Capabilities(widest=torch.float32, own_memory=False, fused_optimizers=False, recording=None),
}


def capabilities(device: torch.device) -> Capabilities:
    """What the device can do. A kind of device that is not known can do the least."""
    return _CAPABILITIES.get(device.type, _CAPABILITIES["mps"])


def find_device(name: str) -> torch.device:
    """The device "auto", "cpu", "cuda", "cuda:1" or "mps" (Apple's GPU); a GPU has its index, like `tensor.device`.

    "auto" is CUDA where there is one, otherwise the CPU: on Apple's GPU, most networks of this project are slower.

    Raises:
        ValueError: this machine has no such device; the message lists the devices that it has.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if gpus:  # cuBLAS reads this before its first product; results are not reproducible without it
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    devices = {"cpu": torch.device("cpu")} | {f"cuda:{k}": torch.device("cuda", k) for k in range(gpus)}
    if torch.backends.mps.is_available():
        devices["mps"] = torch.device("mps", 0)
    aliases = {"auto": "cuda:0" if gpus else "cpu", "cpu:0": "cpu", "cuda": "cuda:0", "mps:0": "mps"}
    device = devices.get(aliases.get(str(name), str(name)))
    if device is None:
        raise ValueError(f'"{name}" is not a device of this machine; use auto or {" or ".join(devices)}')
    return device


def describe_device(device: torch.device) -> str:
    """The name of the GPU, or "CPU"."""
    if device.type == "mps":
        return "Apple GPU"
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has finished its work; a CPU has none in the background."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 numbers. Emulation takes ten times as long as float32."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":  # not on every Apple GPU
        return False
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

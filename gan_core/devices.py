"""Where training runs: finding a device, naming it, and keeping CUDA to repeatable kernels."""

from __future__ import annotations

import os

import torch


def find_device(name: str) -> torch.device:
    """The device that `name` means, a GPU with its number. Raises `ValueError` where this machine has none such."""
    cuda = torch.cuda.is_available()
    if cuda:  # cuBLAS asks for it before its first product, or no later run can be repeated (Results reproducibility)
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        device = torch.device(("cuda" if cuda else "cpu") if name == "auto" else name)
    except RuntimeError:
        raise ValueError(f'"{name}" is not a device; use auto, cpu, cuda or cuda:1') from None
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


def choose_kernels(deterministic: bool, tf32: bool) -> None:
    """What CUDA may compute with, in the whole process and from now on.

    Args:
        deterministic: only kernels whose sums are the same at every run; others raise.
        tf32: matrix products may round their factors to 10 bits, as those of convolutions always may.
    """
    if deterministic:
        torch.use_deterministic_algorithms(True)
    # What trying finds fastest may differ from run to run, and with it the last digits.
    torch.backends.cudnn.benchmark = not torch.are_deterministic_algorithms_enabled()
    if tf32:
        torch.backends.cuda.matmul.allow_tf32 = True

"""How much memory is free."""

from __future__ import annotations

import psutil
import torch


def free_bytes(device: torch.device | None = None) -> int:
    """Bytes that are free on `device`: of the GPU's memory on CUDA, of the machine's on a CPU and by default."""
    if device is not None and device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free)
    return int(psutil.virtual_memory().available)

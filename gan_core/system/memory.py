"""Free memory of the machine and of its GPUs."""

from __future__ import annotations

import psutil
import torch


def free_bytes(device: torch.device | None = None) -> int:
    """Free bytes of a CUDA device, or of the machine's main memory for a CPU and by default."""
    if device is not None and device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)

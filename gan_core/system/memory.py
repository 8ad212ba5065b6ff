"""Memory of the machine and of its GPUs, free and used."""

from __future__ import annotations

import psutil
import torch

from gan_core.system.devices import capabilities
from gan_core.system.limits import free_memory


def free_bytes(device: torch.device | None = None) -> int:
    """Free bytes of a device; of main memory by default, and for devices that share it with the CPU."""
    if device is not None and capabilities(device).own_memory:
        return int(torch.cuda.mem_get_info(device)[0])
    return free_memory()


def used_bytes(device: torch.device) -> int:
    """Bytes that this process holds: of device memory on a GPU, otherwise of main memory."""
    if capabilities(device).own_memory:
        return torch.cuda.memory_reserved(device)
    own = torch.mps.driver_allocated_memory() if device.type == "mps" else 0
    return own or psutil.Process().memory_info().rss

"""The CPU cores and the memory that this process may use: its CPU affinity, and the limits of its cgroups."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_ROOT = Path("/")
_UNLIMITED = 1 << 60  # bytes; version 1 writes "no limit" as a number near 2**63


def usable_cores(root: Path = _ROOT) -> int:
    """CPU cores that this process may use, at least 1. A quota of 1.5 cores counts as 2.

    Args:
        root: holds proc/self/cgroup and sys/fs/cgroup.
    """
    cores = [getattr(os, "process_cpu_count", os.cpu_count)() or 1]  # Python 3.13 has `process_cpu_count`
    if hasattr(psutil.Process, "cpu_affinity"):  # not on macOS
        cores.append(len(psutil.Process().cpu_affinity() or ()) or 1)
    for folder in _cgroups(root, "cpu"):
        quota, period = (_number(folder / f"cpu.cfs_{part}_us") for part in ("quota", "period"))
        with suppress(OSError, ValueError):
            text_quota, text_period = (folder / "cpu.max").read_text("ascii").split()
            quota, period = float(text_quota.replace("max", "-1")), float(text_period)
        if quota is not None and period and quota > 0:
            cores.append(max(1, math.ceil(quota / period)))
    return min(cores)


def limit_libraries() -> None:
    """Let OpenMP, and so PyTorch, start at most one thread per usable core. Call it before torch is imported."""
    cores = usable_cores()
    if cores < (os.cpu_count() or 1):
        os.environ.setdefault("OMP_NUM_THREADS", str(cores))


def free_memory(root: Path = _ROOT) -> int:
    """Bytes of main memory that this process may still allocate.

    Args:
        root: as in `usable_cores`.
    """
    free = [int(psutil.virtual_memory().available)]
    for folder in _cgroups(root, "memory"):
        limits = [_number(folder / name) for name in ("memory.max", "memory.high", "memory.limit_in_bytes")]
        used = [_number(folder / name) for name in ("memory.current", "memory.usage_in_bytes")]
        limit = min((value for value in limits if value is not None), default=_UNLIMITED)
        if limit < _UNLIMITED:
            free.append(max(0, int(limit - max((value for value in used if value), default=0) + _file_cache(folder))))
    return min(free)


def _cgroups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's cgroups and of their parents, for a controller: version 1, version 2 or both.

    In a container, the paths in /proc may be those of the host; then only the topmost folder exists.
    """
    mount = root / "sys" / "fs" / "cgroup"
    with suppress(OSError, ValueError):
        for line in (root / "proc" / "self" / "cgroup").read_text("utf-8").splitlines():
            number, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                tops = [mount / controllers, mount / controller]
            else:
                tops = [mount, mount / "unified"] if number == "0" else []
            inner = Path(path.lstrip("/"))
            yield from dict.fromkeys(top / part for top in tops for part in (inner, *inner.parents))


def _file_cache(folder: Path) -> int:
    """Bytes of cached files, which count as used but are dropped when memory is needed."""
    with suppress(OSError, ValueError):
        entries = dict(line.split(maxsplit=1) for line in (folder / "memory.stat").read_text("ascii").splitlines())
        return int(entries.get("total_inactive_file", entries.get("inactive_file", 0)))
    return 0


def _number(file: Path) -> float | None:
    """The number in a file; None if there is no such file, or it says "max"."""
    with suppress(OSError, ValueError):
        return float(file.read_text("ascii"))
    return None

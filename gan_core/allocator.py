"""How this process keeps memory that it frees. For processes whose business is to train and then to end."""

from __future__ import annotations

import ctypes
import platform

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h
_MB = 1 << 20


def keep_freed_memory() -> None:
    """Keep what is freed for the next step, rather than give it back to the system and ask for it anew.

    A training step frees and asks for the same tensors as the one before; in between glibc gives the larger ones' pages
    back, thousands of page faults a step (mallopt(3)). The price is that the process stays as large as it once was,
    which is why the app's server, in which much else comes and goes, leaves its allocator alone. Other systems have
    other allocators, and are left as they are.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, 32 * _MB)  # the most that it can be
        libc.mallopt(_TRIM_THRESHOLD, 512 * _MB)
        libc.mallopt(_TOP_PAD, 64 * _MB)

"""What becomes of memory that this process frees: it is kept for the next step, or given back to the system.

Only glibc's allocator is told; other systems have others, which are left as they are.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h
_MB = 1 << 20


def keep_freed_memory() -> None:
    """Keep what is freed for the next step. For processes whose business is to train and then to end.

    A training step frees and asks for the same tensors as the one before; in between glibc gives the larger ones' pages
    back, thousands of page faults a step (mallopt(3)). The price is that the process stays as large as it once was,
    which is why the app's server, in which much else comes and goes, leaves its allocator alone.
    """
    if libc := _glibc():
        libc.mallopt(_MMAP_THRESHOLD, 32 * _MB)  # the most that it can be
        libc.mallopt(_TRIM_THRESHOLD, 512 * _MB)
        libc.mallopt(_TOP_PAD, 64 * _MB)


def give_back_freed_memory() -> None:
    """Give all that is free to the system at once; some 10 ms, in which other threads go on.

    Each thread has a part of memory to itself, of which glibc gives back the end only, and what comes and goes in many
    threads leaves ever more behind: a server of two sessions grew by 60 to 100 MB an hour (malloc_trim(3)).
    """
    if libc := _glibc():
        libc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None

"""glibc's allocator: keep freed memory for the next step, or return it to the system. No effect elsewhere."""

from __future__ import annotations

import ctypes
import platform
from functools import cache

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8  # malloc.h
_ARENAS = 4
_MB = 1 << 20


def keep_freed_memory() -> None:
    """Keep freed memory for the next step, in a process that only trains.

    Each training step allocates tensors of the same sizes. By default glibc returns the larger ones to the system after
    each step, which causes thousands of page faults (mallopt(3)). The process then never shrinks, so the app's server
    does not use this.
    """
    if libc := _glibc():
        libc.mallopt(_MMAP_THRESHOLD, 32 * _MB)  # the maximum
        libc.mallopt(_TRIM_THRESHOLD, 512 * _MB)
        libc.mallopt(_TOP_PAD, 64 * _MB)


def keep_little_freed_memory() -> None:
    """Return large freed blocks at once and let all threads share four arenas, in a server with many threads.

    By default each thread has its own arena, up to eight a core, and arenas also hold blocks of up to 32 MB once glibc
    has freed one of that size. Free pieces between blocks in use then stay with the process. Call it before the process
    starts threads: glibc fixes the number of arenas when the ninth is made (mallopt(3)).
    """
    if libc := _glibc():
        libc.mallopt(_ARENA_MAX, _ARENAS)
        libc.mallopt(_MMAP_THRESHOLD, 8 * _MB)  # above the tensors of most training steps
        libc.mallopt(_TRIM_THRESHOLD, 16 * _MB)


def give_back_freed_memory() -> None:
    """Return all free memory to the system. Takes about 10 ms, during which other threads continue.

    By itself glibc returns only the free end of an arena. Without this call, a server of two sessions
    grew by 60 to 100 MB an hour (malloc_trim(3)).
    """
    if libc := _glibc():
        libc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None

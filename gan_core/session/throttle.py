"""Limits the share of time spent on an expensive computation."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

_FIRST_PAUSE = 2.0  # seconds at most between the first computation, which also loads kernels, and the second

T = TypeVar("T")


class Throttle(Generic[T]):
    """Caches a value, and computes it again only as often as keeps the computation within a share of the time."""

    def __init__(self, compute: Callable[[], T], share: float) -> None:
        self._compute, self._share = compute, share
        self._next_time = 0.0
        self.value: T  # the last result

    def get(self, now: bool = False) -> T:
        """The value, computed again if that is due or if `now` is true."""
        started = time.perf_counter()
        if now or started >= self._next_time:
            first = not hasattr(self, "value")
            self.value = self._compute()
            ended = time.perf_counter()
            pause = (ended - started) / self._share
            self._next_time = ended + (min(pause, _FIRST_PAUSE) if first else pause)
        return self.value

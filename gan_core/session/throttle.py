"""What is dear to make is made as often as its share of the time allows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

_WARM = 2.0  # seconds until the second making

T = TypeVar("T")


class Throttle(Generic[T]):
    """Something dear to make: made anew only as often as keeps it within its share of the time."""

    def __init__(self, make: Callable[[], T], share: float) -> None:
        self._make, self._share = make, share
        self._again_at = 0.0
        self.made: T

    def __call__(self, now: bool = False) -> T:
        """The thing as last made, or made now if it is due or wanted `now`."""
        began = time.perf_counter()
        if now or began >= self._again_at:
            first = not hasattr(self, "made")
            self.made = self._make()
            ended = time.perf_counter()
            pause = (ended - began) / self._share
            self._again_at = ended + (min(pause, _WARM) if first else pause)  # the first also builds torch's kernels
        return self.made

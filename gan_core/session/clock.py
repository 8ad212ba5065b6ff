"""Measures the time that a run spends training."""

from __future__ import annotations

import time
from collections import deque

_WINDOW = 5.0  # seconds of training over which the rate is measured


class TrainingClock:
    """Sums the time between steps, without pauses and without the waits of a speed limit.

    Args:
        seconds: training time of the run so far.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.paused = True
        self._counted_until = 0.0
        self._recent: deque[tuple[float, int]] = deque()  # (seconds, step)

    def pause(self) -> None:
        """Stop counting until `resume`."""
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        self.skip()

    def skip(self) -> None:
        """Do not count the time since the last step."""
        self._counted_until = time.perf_counter()

    def exclude(self, seconds: float) -> None:
        """Do not count this much of the time since the last step."""
        self._counted_until += seconds

    def tick(self, step: int) -> None:
        """Count the time since the last step."""
        now = time.perf_counter()
        self.seconds += now - self._counted_until
        self._counted_until = now
        self._recent.append((self.seconds, step))
        while self._recent[-1][0] - self._recent[0][0] > _WINDOW and len(self._recent) > 2:
            self._recent.popleft()

    @property
    def steps_per_second(self) -> float:
        """The rate over the last seconds of training; 0 before the second step."""
        if len(self._recent) < 2:
            return 0.0
        (since, first), (until, last) = self._recent[0], self._recent[-1]
        return (last - first) / (until - since) if until > since else 0.0

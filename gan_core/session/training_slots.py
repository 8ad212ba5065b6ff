"""Limits how many sessions of a server train at once; the others wait in a queue."""

from __future__ import annotations

import threading

from gan_core.system.arguments import whole_number


class TrainingSlots:
    """A queue whose first `count` members may train. Safe to call from any thread."""

    def __init__(self, count: int) -> None:
        self.count = whole_number("slots", count)
        self._queue: list[object] = []
        self._changed = threading.Condition()

    def request(self, member: object) -> int:
        """Join the queue if not yet in it. 0: the member may train; n: n members must leave first."""
        with self._changed:
            if member not in self._queue:
                self._queue.append(member)
            return max(0, self._queue.index(member) + 1 - self.count)

    def wait(self, seconds: float) -> None:
        """Wait until a member leaves, for `seconds` at most."""
        with self._changed:
            self._changed.wait(seconds)

    def release(self, member: object) -> None:
        """Leave the queue; does nothing if not in it."""
        with self._changed:
            if member in self._queue:
                self._queue.remove(member)
                self._changed.notify_all()


def waiting_text(position: int) -> str:
    """ "waiting for its turn, 2nd in line"."""
    ending = "th" if 11 <= position % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(position % 10, "th")
    return f"waiting for its turn, {position}{ending} in line"

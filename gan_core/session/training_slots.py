"""Who trains now, and who waits: a machine has room for a few sessions at once."""

from __future__ import annotations

import threading


class TrainingSlots:
    """A line of which the first `places` train. Safe to call from any thread."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._line: list[object] = []
        self._moved = threading.Condition()

    def ask(self, who: object) -> int:
        """Stand in line, at its end if not yet in it: 0 where it is one's turn, else how many must leave before."""
        with self._moved:
            if who not in self._line:
                self._line.append(who)
            return max(0, self._line.index(who) + 1 - self.places)

    def wait(self, seconds: float) -> None:
        """Wait until somebody leaves the line, for so many seconds at most."""
        with self._moved:
            self._moved.wait(seconds)

    def leave(self, who: object) -> None:
        """Let the next one have the place; does nothing for who is not in line."""
        with self._moved:
            if who in self._line:
                self._line.remove(who)
                self._moved.notify_all()


def place_in_line(ahead: int) -> str:
    """ "waiting for its turn, 2nd in line"."""
    ending = "th" if 11 <= ahead % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(ahead % 10, "th")
    return f"waiting for its turn, {ahead}{ending} in line"

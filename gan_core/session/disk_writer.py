"""Writing down what happens to a run, on a disk that may refuse: training pauses and says so, and nothing is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from gan_core.runs import Run, disk
from gan_core.session.commands import CommandQueue


class RetryingDiskWriter:
    """Writes to the folder of a run.

    Args:
        run: None keeps nothing.
        orders: told to pause where the disk refuses.
        publish: takes the fields of `Snapshot` that have changed.
    """

    def __init__(self, run: Run | None, orders: CommandQueue, publish: Callable[..., None]) -> None:
        self.run, self.orders, self.publish = run, orders, publish
        self._owed: deque[Callable[[Run], object]] = deque()  # notes that the disk has not taken yet

    def manages(self, action: Callable[[], object]) -> bool:
        """Do something that needs the disk; whether the disk obeyed."""
        try:
            action()
        except OSError as error:
            self.orders.run(False)
            self.publish(error=disk.refused(error, self.run.path if self.run else None, self.orders.stopping))
            return False
        return True

    def write(self, action: Callable[[Run], object]) -> bool:
        """Do something to the run's folder, if one is kept; whether that went well."""
        run = self.run
        return run is None or self.manages(lambda: action(run))

    def note(self, action: Callable[[Run], object]) -> None:
        """Write something down now, or as soon as the disk takes it; in order."""
        self._owed.append(action)
        self.write(self._pay)

    def log(self, step: int, kind: str, **details: Any) -> None:
        """Note that something happened at a step; kinds are those of `Run.log`."""
        self.note(lambda run: run.log(kind, step, **details))

    def _pay(self, run: Run) -> None:
        while self._owed:
            self._owed[0](run)
            self._owed.popleft()

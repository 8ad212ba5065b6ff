"""Writes to a run's folder. If the disk refuses, training pauses, the session shows the error, and no data is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gan_core.runs import Run, disk
from gan_core.session.commands import CommandQueue
from gan_core.session.snapshot import Publish


class RetryingDiskWriter:
    """Writes to the folder of a run, and pauses training if the disk refuses.

    Args:
        run: None writes nothing.
    """

    def __init__(self, run: Run | None, commands: CommandQueue, publish: Publish) -> None:
        self.run, self._commands, self._publish = run, commands, publish
        self._pending: deque[Callable[[Run], object]] = deque()

    def attempt(self, action: Callable[[], object]) -> bool:
        """Call `action`. Returns False if the disk refused."""
        try:
            action()
        except OSError as error:
            self._commands.set_running(False)
            message = disk.refused(error, self.run.path if self.run else None, self._commands.stopping)
            self._publish(lambda now: replace(now, error=message))
            return False
        return True

    def write(self, action: Callable[[Run], object]) -> bool:
        """Call `action` with the run, if there is one. Returns False if the disk refused."""
        run = self.run
        return run is None or self.attempt(lambda: action(run))

    def enqueue(self, action: Callable[[Run], object]) -> None:
        """Call `action` with the run after all earlier enqueued actions: now, or once the disk accepts them."""
        self._pending.append(action)
        self.write(self._write_pending)

    def log_event(self, step: int, kind: str, **details: Any) -> None:
        """Enqueue an event, as `Run.log` takes it."""
        self.enqueue(lambda run: run.log(kind, step, **details))

    def _write_pending(self, run: Run) -> None:
        while self._pending:
            self._pending[0](run)
            self._pending.popleft()

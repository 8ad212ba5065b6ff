"""Writes to a run's folder. If the disk refuses, the session shows the error, and no data is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from gan_core.runs import Run, RunError, disk
from gan_core.session.commands import CommandQueue
from gan_core.session.snapshot import Publish


class RetryingDiskWriter:
    """Writes to the folder of a run. If the disk refuses, training pauses, or goes on if no user can resume it.

    Args:
        run: None writes nothing.
        attended: whether a user can press Resume.
    """

    def __init__(self, run: Run | None, commands: CommandQueue, publish: Publish, attended: bool) -> None:
        self.run, self._commands, self._publish, self._attended = run, commands, publish, attended
        self._pending: deque[Callable[[Run], object]] = deque()

    def attempt(self, action: Callable[[], object]) -> bool:
        """Call `action`. Returns False if the disk refused."""
        try:
            action()
        except OSError as error:
            if self._attended:
                self._commands.set_running(False)
            message = self._message(error)
            self._publish(lambda now: replace(now, error=message))
            return False
        return True

    def _message(self, error: OSError) -> str:
        """What the disk refused, and what becomes of the run."""
        steps: list[int] = []
        with suppress(RunError):  # the folder cannot be read either
            steps = self.run.checkpoints() if self.run is not None else []
        saved = f"the run resumes from step {steps[-1]:,}" if steps else "the run has no checkpoint to resume from"
        reason = f"cannot write to {self.run.path if self.run else 'the disk'} ({error.strerror or error})"
        if self._commands.stopping:
            return f"The last steps were not saved: {reason}; {saved}."
        advice = disk.advice(error)
        if self._attended:
            return f"Paused: {reason}. Nothing is lost. {advice}, then press Resume."
        return f"Not saved: {reason}. Training goes on and tries again. {advice}; after a crash {saved}."

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

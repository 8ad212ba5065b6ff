"""The progress of a run on standard output: a bar on a terminal, a line every ten seconds in a pipe."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from tqdm import tqdm

from gan_core.system.formatting import short

if TYPE_CHECKING:
    from gan_core.session.snapshot import Snapshot

EVERY = 10.0  # seconds between lines in a pipe


class Progress:
    """Shows the snapshots of one session.

    Args:
        last_step: the step at which training stops; None for the last step of the config.
        last_second: the second of training at which it stops; None for no limit.
    """

    def __init__(self, last_step: int | None = None, last_second: float | None = None) -> None:
        self._last_step, self._last_second = last_step, last_second
        self._bar: tqdm | None = None
        self._printed: set[str] = set()
        self._next_line = 0.0
        self._warned = False  # of the present error

    def __enter__(self) -> Progress:
        if sys.stdout.isatty():
            layout = "{percentage:3.0f}% {bar:20} {desc}"
            self._bar = tqdm(total=1.0, file=sys.stdout, dynamic_ncols=True, leave=True, bar_format=layout)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, snapshot: Snapshot, last: bool = False) -> None:
        """Show a snapshot. In a pipe at most one line every `EVERY` seconds is printed, and the last snapshot."""
        for note in snapshot.notes:
            self._print_once(f"note: {note}")
        if snapshot.error and not self._warned and not last:
            tqdm.write(f"warning: {snapshot.error}", file=sys.stdout)
        self._warned = bool(snapshot.error)
        activity = snapshot.activity
        text = activity or self.line(snapshot)
        if self._bar is not None:
            self._bar.n = snapshot.activity_done if activity else self._share(snapshot)
            self._bar.set_description_str(text)
        elif activity:
            self._print_once(activity)
        elif last or (snapshot.step and time.monotonic() >= self._next_line):
            self._next_line = time.monotonic() + EVERY
            self._print_once(text)

    def line(self, snapshot: Snapshot) -> str:
        """A snapshot in one line: step, epoch, speed, losses, time left."""
        last = self._last(snapshot)
        parts = [f"step {snapshot.step}" + (f"/{last}" if last else ""), f"epoch {snapshot.epoch:.1f}"]
        if snapshot.steps_per_second:
            parts.append(f"{short(snapshot.steps_per_second)} it/s")
        if len(snapshot.history):
            parts += [f"D {_short(snapshot.history.loss_d[-1])}", f"G {_short(snapshot.history.loss_g[-1])}"]
        if snapshot.status == "training" and (remaining := self._remaining(snapshot)) is not None:
            minutes, seconds = divmod(round(remaining), 60)
            hours, minutes = divmod(minutes, 60)
            parts.append(f"{hours}:{minutes:02d}:{seconds:02d} left" if hours else f"{minutes}:{seconds:02d} left")
        return ", ".join(parts)

    def _last(self, snapshot: Snapshot) -> int | None:
        if self._last_step is None and self._last_second is None:
            return snapshot.total_steps
        return self._last_step

    def _remaining(self, snapshot: Snapshot) -> float | None:
        """The remaining seconds, or None if they are unknown."""
        if self._last_second is not None:
            return max(0.0, self._last_second - snapshot.seconds)
        last = self._last(snapshot)
        if last is None or not snapshot.steps_per_second:
            return None
        return max(0, last - snapshot.step) / snapshot.steps_per_second

    def _share(self, snapshot: Snapshot) -> float:
        """The share of the run that is done, in [0, 1]; a resumed run counts from its first step."""
        done, goal = snapshot.step, self._last(snapshot)
        if self._last_second is not None:
            return min(1.0, snapshot.seconds / self._last_second)
        return min(1.0, done / goal) if goal else 0.0

    def _print_once(self, text: str) -> None:
        if text not in self._printed:
            self._printed.add(text)
            tqdm.write(text, file=sys.stdout)
            sys.stdout.flush()


def _short(loss: float) -> str:
    return f"{loss:.3f}" if abs(loss) < 1e4 else short(loss)

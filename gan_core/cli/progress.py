"""How a run in training shows on standard output: as a bar on a terminal, as a line now and then in a pipe."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from gan_core.session.snapshot import Snapshot

EVERY = 10.0  # seconds between two lines in a pipe


class Progress:
    """Shows snapshots of one session.

    Args:
        last_step: the step to stop at; None leaves it to the config.
        last_second: the second of training to stop at; None where time does not count.
    """

    def __init__(self, last_step: int | None = None, last_second: float | None = None) -> None:
        self._last_step, self._last_second = last_step, last_second
        self._bar: tqdm | None = None
        self._said: set[str] = set()
        self._next_line = 0.0

    def __enter__(self) -> Progress:
        if sys.stdout.isatty():
            layout = "{percentage:3.0f}% {bar:20} {desc}"
            self._bar = tqdm(total=1.0, file=sys.stdout, dynamic_ncols=True, leave=True, bar_format=layout)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, snapshot: Snapshot, last: bool = False) -> None:
        """Show where the run stands; in a pipe at most every `EVERY` seconds, unless this is the last word."""
        for note in snapshot.notes:
            self._say_once(f"note: {note}")
        waiting = snapshot.activity
        text = waiting or self.line(snapshot)
        if self._bar is not None:
            self._bar.n = snapshot.activity_done if waiting else self._share(snapshot)
            self._bar.set_description_str(text)
        elif waiting:
            self._say_once(waiting)
        elif last or (snapshot.step and time.monotonic() >= self._next_line):
            self._next_line = time.monotonic() + EVERY
            self._say_once(text)

    def line(self, snapshot: Snapshot) -> str:
        """The run in a line: step, epoch, pace, losses, time left."""
        last = self._last(snapshot)
        parts = [f"step {snapshot.step}" + (f"/{last}" if last else ""), f"epoch {snapshot.epoch:.1f}"]
        if snapshot.steps_per_second:
            parts.append(f"{snapshot.steps_per_second:.3g} it/s")
        if len(snapshot.history):
            parts += [f"D {snapshot.history.loss_d[-1]:.3f}", f"G {snapshot.history.loss_g[-1]:.3f}"]
        if snapshot.status == "training" and (left := self._left(snapshot)) is not None:
            minutes, seconds = divmod(round(left), 60)
            hours, minutes = divmod(minutes, 60)
            parts.append(f"{hours}:{minutes:02d}:{seconds:02d} left" if hours else f"{minutes}:{seconds:02d} left")
        return ", ".join(parts)

    def _last(self, snapshot: Snapshot) -> int | None:
        if self._last_step is None and self._last_second is None:
            return snapshot.total_steps
        return self._last_step

    def _left(self, snapshot: Snapshot) -> float | None:
        """Seconds to go, as far as can be told."""
        if self._last_second is not None:
            return max(0.0, self._last_second - snapshot.seconds)
        last = self._last(snapshot)
        if last is None or not snapshot.steps_per_second:
            return None
        return max(0, last - snapshot.step) / snapshot.steps_per_second

    def _share(self, snapshot: Snapshot) -> float:
        """How much is done, in [0, 1]; of a resumed run all that was done before counts too."""
        done, goal = snapshot.step, self._last(snapshot)
        if self._last_second is not None:
            return min(1.0, snapshot.seconds / self._last_second)
        return min(1.0, done / goal) if goal else 0.0

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            tqdm.write(text, file=sys.stdout)
            sys.stdout.flush()
